// @ts-check
// The pages taken so far: a strip of them, in which they are put in order, cropped, taken again and
// left out before they are read.
import { action, announce, found, loadStyles, make, part, reveal } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { enhance as enhanceOneStop } from "../lib/one-stop.js";
import { enhance as enhanceSorting } from "../lib/sorting.js";
import { _ } from "../lib/words.js";

/**
 * @typedef {{file: File, whole: File, quad: import("../lib/geometry.js").Dot[] | null, shot: number}}
 *   Taken a page as it is read, the picture that it was cut out of, its corners there unless it is
 *   all of it, and the shot, which an open book shares with its other page
 */

/**
 * @param {HTMLElement} root the camera
 * @param {{onChange: () => void, onAgain: () => void}} listeners `onAgain`: a page is to be taken again
 */
export function enhance(root, { onChange, onAgain }) {
  const list = part(root, "taken-pages");
  /**
   * What stands in the strip for each page.
   * @type {Map<Taken, HTMLElement>}
   */
  const entries = new Map();
  /** @type {Taken[]} */
  let pages = [];
  /** @type {Taken | null} */
  let current = null;
  /** @type {Taken | null} */
  let again = null;
  /**
   * What was left out last, and can come back.
   * @type {{page: Taken, at: number} | null}
   */
  let gone = null;

  /** @param {Taken} page */
  const nameOf = (page) => _("Page {n}", { n: pages.indexOf(page) + 1 });

  /** @param {Taken} page */
  function entryOf(page) {
    const known = entries.get(page);
    if (known) return known;
    const image = make("img", { src: URL.createObjectURL(page.file), alt: "", draggable: "false" });
    const button = make("button", { type: "button" }, image, make("span"));
    button.addEventListener("click", () => show(page));
    const entry = make("li", { draggable: "true" }, button);
    entries.set(page, entry);
    return entry;
  }
  function draw() {
    const wanted = pages.map(entryOf);
    if (
      wanted.length !== list.children.length ||
      wanted.some((one, at) => one !== list.children[at])
    )
      list.replaceChildren(...wanted);
    for (const page of pages) {
      const button = found(entryOf(page), "button");
      found(button, "span").textContent = nameOf(page);
      if (page === current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    part(root, "taken").hidden = !pages.length && !gone;
    const at = current ? pages.indexOf(current) : -1;
    for (const name of ["again", "trim", "leave-out"]) action(root, name).disabled = at < 0;
    action(root, "again").setAttribute("aria-pressed", String(Boolean(again)));
    action(root, "move-earlier").disabled = at <= 0;
    action(root, "move-later").disabled = at === pages.length - 1;
    action(root, "bring-back").hidden = !gone;
    if (current) reveal(entryOf(current));
    onChange();
  }
  /** @param {Taken} page */
  function show(page) {
    current = page;
    draw();
  }
  /**
   * A picture is let go with the page that it shows.
   * @param {Taken[]} lost
   */
  function letGo(lost) {
    for (const page of lost) {
      URL.revokeObjectURL(entries.get(page)?.querySelector("img")?.src ?? "");
      entries.delete(page);
    }
  }
  /**
   * @param {number} from
   * @param {number} to
   */
  function move(from, to) {
    const [page] = pages.splice(from, 1);
    pages.splice(to, 0, page);
    show(page);
  }
  /** @param {1 | -1} by */
  function step(by) {
    const at = current ? pages.indexOf(current) : -1;
    const to = at + by;
    if (at < 0 || to < 0 || to >= pages.length) return;
    const name = nameOf(pages[at]);
    move(at, to);
    announce(
      _("{name} is now in place {place} of {places}.", {
        name,
        place: to + 1,
        places: pages.length,
      }),
    );
  }
  async function trim() {
    const page = current;
    if (!page) return;
    const [{ trimmed }] = await Promise.all([
      bring("upload/crop-dialog", () => import("../upload/crop-dialog.js")),
      loadStyles("crop-dialog"),
    ]);
    const cropped = await trimmed(page.whole, { quad: page.quad, deed: _("Use this") });
    const at = pages.indexOf(page);
    if (!cropped || at < 0) return;
    letGo([page]);
    pages[at] = { ...page, ...cropped };
    show(pages[at]);
  }
  function leaveOut() {
    if (!current) return;
    const at = pages.indexOf(current);
    if (gone) letGo([gone.page]);
    announce(_("{name} is left out.", { name: nameOf(current) }));
    gone = { page: current, at };
    pages.splice(at, 1);
    if (again === current) again = null;
    current = pages[at] ?? pages[at - 1] ?? null;
    draw();
    action(root, "bring-back").focus();
  }
  function bringBack() {
    if (!gone) return;
    const { page, at } = gone;
    gone = null;
    pages.splice(at, 0, page);
    show(page);
    found(entryOf(page), "button").focus();
  }
  function takeAgain() {
    again = again ? null : current;
    draw();
    if (again) onAgain();
  }

  for (const [name, deed] of Object.entries({
    again: takeAgain,
    trim,
    "move-earlier": () => step(-1),
    "move-later": () => step(1),
    "leave-out": leaveOut,
    "bring-back": bringBack,
  }))
    action(root, name).addEventListener("click", deed);
  enhanceOneStop(/** @type {HTMLElement} */ (found(root, "[data-part=taken] [role=toolbar]")));
  enhanceSorting(list, { of: (item) => item.textContent ?? "", onMove: move });

  return {
    get count() {
      return pages.length;
    },
    /** The name of the page that the next picture takes the place of. */
    get again() {
      return again && nameOf(again);
    },
    /** @param {Taken[]} taken of one shot; they take the place of the one that is taken again */
    add(taken) {
      const at = again ? pages.findIndex(({ shot }) => shot === again?.shot) : pages.length;
      const before = again ? pages.filter(({ shot }) => shot === again?.shot) : [];
      letGo(before);
      pages = pages.filter((page) => !before.includes(page));
      pages.splice(at, 0, ...taken);
      again = null;
      show(taken[0]);
    },
    /** The files in their order, which are taken out of the strip. */
    take() {
      const files = pages.map(({ file }) => file);
      letGo(gone ? [...pages, gone.page] : pages);
      pages = [];
      current = again = gone = null;
      draw();
      return files;
    },
  };
}
