// @ts-check
// What lies over the picture: outlines of zones, lines and words, and the text that can be selected.
import { limits, setDoubt } from "../lib/confidence.js";
import { part } from "../lib/dom.js";
import { drawBoxes, wordAt } from "./boxes.js";
import { layText, layWords } from "./text-layer.js";

/** @typedef {import("../lib/model.js").Word} Word */

/**
 * @param {import("./desk.js").Desk} desk
 * @param {{onHover: (word: Word | null) => void, onOpen: (word: Word) => void, onDoubt: () => void}}
 *   listeners `onDoubt`: other words are doubtful from now on
 */
export function enhance(desk, { onHover, onOpen, onDoubt }) {
  const { root } = desk;
  const layer = part(root, "layer");
  const limit = /** @type {HTMLInputElement} */ (part(root, "limit"));
  const choices = /** @type {NodeListOf<HTMLInputElement>} */ (
    root.querySelectorAll("[name=shown]")
  );

  function paint() {
    const chosen = [...choices].filter(({ checked }) => checked).map(({ value }) => value);
    const shown = new Set(chosen);
    if (desk.page) drawBoxes(part(root, "boxes"), desk.page, shown, desk.opened ?? desk.lit);
    layer.toggleAttribute("data-shown", shown.has("text"));
    part(root, "veil-field").hidden = !shown.has("text");
  }
  /** @param {Word[]} [words] those that are others now, if not all */
  function lay(words) {
    if (!desk.page) return;
    if (words) layWords(desk.page, new Set(words));
    else layText(layer, desk.page);
  }
  /** @param {MouseEvent} event */
  function wordUnder(event) {
    return desk.page && wordAt(desk.page, desk.view.dotAt(event));
  }
  function changeLimit() {
    setDoubt(limit.valueAsNumber / 100);
    onDoubt();
  }
  /** @param {Event} event */
  function veil({ target }) {
    layer.style.setProperty("--veil", `${/** @type {HTMLInputElement} */ (target).value}%`);
  }
  /** @param {PointerEvent} event */
  function hover(event) {
    if (!event.buttons) onHover(wordUnder(event));
  }
  /** @param {MouseEvent} event */
  function pick(event) {
    const word = wordUnder(event);
    if (word && getSelection()?.isCollapsed) onOpen(word);
  }

  limit.value = String(Math.round(limits.doubtful * 100));
  limit.addEventListener("change", changeLimit);
  for (const choice of choices) choice.addEventListener("change", paint);
  part(root, "veil").addEventListener("input", veil);
  layer.addEventListener("pointermove", hover);
  layer.addEventListener("click", pick);
  return { paint, lay };
}
