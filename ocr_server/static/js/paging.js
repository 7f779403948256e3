// @ts-check
// Going from page to page: buttons, a number, a strip that says how each page fared.
import { action, make, part } from "./parts.js";
import { placesOf, trust } from "./model.js";
import { counted } from "./wording.js";

/** @typedef {import("./model.js").Page} Page */

/**
 * @param {HTMLElement} root the desk @param {(page: Page) => void} onChoose
 * @param {(page: Page) => Promise<string | null>} thumbnail
 */
export function makePaging(root, onChoose, thumbnail) {
  const nav = part(root, "pages");
  const field = /** @type {HTMLInputElement} */ (part(root, "page"));
  const strip = part(root, "strip");
  /** @type {Page[]} */
  let pages = [];
  let at = 0;
  /** @type {Map<Element, Page>} */
  const waiting = new Map();
  const seen = new IntersectionObserver(function load(entries) {
    for (const { isIntersecting, target } of entries) {
      const page = isIntersecting && waiting.get(target);
      if (page) draw(/** @type {HTMLImageElement} */ (target), page);
    }
  });

  /** @param {HTMLImageElement} image @param {Page} page */
  async function draw(image, page) {
    seen.unobserve(image);
    waiting.delete(image);
    const url = await thumbnail(page);
    if (url) image.src = url;
    image.hidden = !url;
  }
  /** @param {number} index */
  function go(index) {
    if (index < 0 || index >= pages.length || index === at) return;
    onChoose(pages[index]);
  }
  /** @param {Page} page */
  function entry(page) {
    const doubtful = placesOf(page).filter(({ word }) => trust(word) === "doubtful").length;
    const words = doubtful ? counted(doubtful, "doubtful", "doubtful") : page.text ? "read" : "no text";
    const image = make("img", { alt: "" });
    waiting.set(image, page);
    seen.observe(image);
    const button = make("button", { type: "button", "aria-label": `Page ${page.number}, ${words}` }, image, make("span", {}, `${page.number} · ${words}`));
    button.addEventListener("click", () => go(pages.indexOf(page)));
    return make("li", {}, button);
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
  field.addEventListener("change", () => go(pages.findIndex((page) => page.number === Number(field.value))));
  part(root, "stage").addEventListener("keydown", press);

  return {
    /** @param {Page[]} all @param {Page} current */
    show(all, current) {
      pages = all;
      at = pages.indexOf(current);
      nav.hidden = pages.length < 2;
      field.value = String(current.number);
      field.max = String(pages[pages.length - 1].number);
      part(root, "count").textContent = String(pages.length);
      action(root, "previous-page").disabled = at === 0;
      action(root, "next-page").disabled = at === pages.length - 1;
      if (pages.length < 2) return;
      seen.disconnect();
      waiting.clear();
      strip.replaceChildren(...pages.map(entry));
      const chosen = strip.children[at]?.firstElementChild;
      chosen?.setAttribute("aria-current", "true");
    },
  };
}
