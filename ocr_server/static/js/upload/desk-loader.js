// @ts-check
// The desk, which is loaded with the first file, and the draft that lies on it.
import { loadStyles } from "../lib/dom.js";
import { bring } from "../lib/http.js";

/** @typedef {import("../desk/draft.js").Draft} Draft */

const FILLS_WINDOW = "(min-width: 52.01rem)"; // as in desk.css

/**
 * @param {HTMLElement} root the desk
 * @param {import("../desk/desk.js").Others} others
 */
export function enhance(root, others) {
  /** @type {Draft | null} */
  let shown = null;
  /** @type {Promise<ReturnType<typeof import("../desk/desk.js").enhance>> | null} */
  let coming = null;

  function load() {
    coming ??= Promise.all([
      bring("desk/desk", () => import("../desk/desk.js")),
      loadStyles("desk"),
    ]).then(([desk]) => desk.enhance(root, others));
    coming.catch(() => (coming = null)); // offline perhaps: it is asked for again when it is needed
    return coming;
  }

  return {
    load,
    get shown() {
      return shown;
    },
    /** @param {Draft} draft */
    async show(draft) {
      const isFirst = !shown;
      shown = draft;
      const desk = await load();
      if (shown !== draft) return;
      desk.show(draft);
      if (isFirst && matchMedia(FILLS_WINDOW).matches) scrollTo(0, 0);
    },
    async clear() {
      shown = null;
      (await load()).hide();
    },
  };
}
