// @ts-check
// Going from page to page: buttons, a number, a strip that says how each page fared.
import { trust } from "../lib/confidence.js";
import { action, announce, found, make, part, reveal } from "../lib/dom.js";
import { placesOf } from "../lib/model.js";
import { enhance as enhanceSorting } from "../lib/sorting.js";
import { _ } from "../lib/words.js";
import { leaveOut, move } from "./arranging.js";
import { thumbnailOf } from "./page-images.js";

const WAYS = [
  ["previous-page", "next-page"],
  ["move-earlier", "move-later"],
];

/**
 * @typedef {import("../lib/model.js").Page} Page
 * @typedef {import("./draft.js").Draft} Draft
 */

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, showPage } = desk;
  const field = /** @type {HTMLInputElement} */ (part(root, "page"));
  const strip = found(document, "[data-part=strip]");
  /** @type {Page[]} */
  let pages = [];
  let at = 0;
  /**
   * What is still to be drawn.
   * @type {Map<Element, () => Promise<string | null>>}
   */
  const waiting = new Map();
  const seen = new IntersectionObserver(function load(entries) {
    for (const { isIntersecting, target } of entries)
      if (isIntersecting) draw(/** @type {HTMLImageElement} */ (target));
  });

  /** @param {HTMLImageElement} image */
  async function draw(image) {
    const thumbnail = waiting.get(image);
    seen.unobserve(image);
    waiting.delete(image);
    const url = await thumbnail?.();
    if (url) image.src = url;
    image.hidden = !url;
  }
  /** @param {number} index */
  function go(index) {
    if (index >= 0 && index < pages.length && index !== at) showPage(pages[index]);
  }
  /**
   * @param {Draft} draft
   * @param {Page} page
   */
  function entry(draft, page) {
    const doubtful = placesOf(page).filter(({ word }) => trust(word) === "doubtful").length;
    const words = doubtful
      ? _("{n} doubtful|{n} doubtful", { n: doubtful })
      : page.text
        ? _("read")
        : _("no text");
    const place = draft.pages.indexOf(page) + 1;
    const image = make("img", { alt: "", draggable: "false" });
    waiting.set(image, () => thumbnailOf(draft, page.number));
    seen.observe(image);
    const button = make(
      "button",
      { type: "button", "aria-label": _("Page {n}, {words}", { n: place, words }) },
      image,
      make("span", {}, `${place} · ${words}`),
    );
    button.addEventListener("click", () => go(pages.indexOf(page)));
    return make("li", { draggable: "true", "data-number": String(page.number) }, button);
  }
  /**
   * A button that can go no further gives the focus to the other.
   * @param {HTMLButtonElement[]} ways
   */
  function enable([back, on]) {
    const focused = document.activeElement;
    back.disabled = at === 0;
    on.disabled = at === pages.length - 1;
    for (const [one, other] of [
      [back, on],
      [on, back],
    ])
      if (one.disabled && one === focused) other.focus();
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    if (event.key !== "PageDown" && event.key !== "PageUp") return;
    if (pages.length < 2 || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    go(at + (event.key === "PageDown" ? 1 : -1));
  }

  action(root, "previous-page").addEventListener("click", () => go(at - 1));
  action(root, "next-page").addEventListener("click", () => go(at + 1));
  action(root, "leave-out").addEventListener("click", function leave() {
    if (desk.draft) leaveOut(desk.draft, pages[at]);
    announce(_("The page is left out; undo brings it back."));
    part(root, "name").focus();
  });
  /** @param {1 | -1} by */
  function moveBy(by) {
    const from = at + 1;
    if (desk.draft) move(desk.draft, pages[at], by);
    announce(
      _("{name} is now in place {place} of {places}.", {
        name: _("Page {n}", { n: from }),
        place: from + by,
        places: pages.length,
      }),
    );
  }
  action(root, "move-earlier").addEventListener("click", () => moveBy(-1));
  action(root, "move-later").addEventListener("click", () => moveBy(1));
  field.addEventListener("change", function turn() {
    go(field.valueAsNumber - 1);
    field.value = String(at + 1); // where there is no such page, the one that is shown
  });
  part(root, "stage").addEventListener("keydown", press);
  enhanceSorting(strip, {
    of: (item) => _("Page {n}", { n: [...strip.children].indexOf(item) + 1 }),
    onMove: (from, to) => desk.draft && move(desk.draft, pages[from], to - from),
  });

  return {
    /**
     * @param {Draft} draft
     * @param {Page} current
     */
    show(draft, current) {
      pages = draft.pages;
      at = pages.indexOf(current);
      field.value = String(at + 1);
      field.max = String(pages.length);
      part(root, "count").textContent = draft.share ? String(draft.total) : field.max;
      for (const names of WAYS) enable(names.map((name) => action(root, name)));
      seen.disconnect();
      waiting.clear();
      const focused = [...strip.children].findIndex((one) => one.contains(document.activeElement));
      strip.replaceChildren(...pages.map((page) => entry(draft, page)));
      strip.hidden = false;
      const now = /** @type {HTMLElement | undefined} */ (strip.children[at]);
      now?.firstElementChild?.setAttribute("aria-current", "true");
      if (now) reveal(now);
      strip.children[focused]?.querySelector("button")?.focus();
    },
  };
}
