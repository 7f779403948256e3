// @ts-check
// The desk, which is loaded with the first file, and the draft that lies on it.
import { loadStyles, part } from "../lib/dom.js";

/** @typedef {import("../desk/draft.js").Draft} Draft */

/** @param {HTMLElement} root the desk */
export function enhance(root) {
  /** @type {Draft | null} */
  let shown = null;
  /** @type {Promise<ReturnType<typeof import("../desk/desk.js").enhance>> | null} */
  let coming = null;

  function load() {
    coming ??= Promise.all([import("../desk/desk.js"), loadStyles("desk")]).then(([desk]) =>
      desk.enhance(root),
    );
    coming.catch(() => (coming = null)); // offline perhaps: it is asked for again when it is needed
    return coming;
  }

  return {
    load,
    get shown() {
      return shown;
    },
    /** Whether a word is being corrected. */
    get isAtWork() {
      return Boolean(shown) && !part(root, "proof").hidden;
    },
    /** @param {Draft} draft */
    async show(draft) {
      shown = draft;
      const desk = await load();
      if (shown !== draft) return;
      desk.show(draft);
      if (root.getBoundingClientRect().top < 0) root.scrollIntoView();
    },
    async clear() {
      shown = null;
      (await load()).hide();
    },
  };
}
