// @ts-check
// The order of a list, changed by dragging, or with Alt and the arrow keys.
import { announce } from "./dom.js";
import { _ } from "./words.js";

const WAYS = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };

/**
 * @param {HTMLElement} list whose items say `draggable`
 * @param {{of: (item: Element) => string, onMove: (from: number, to: number) => void}} how `of`: an
 *   item's name
 */
export function enhance(list, { of, onMove }) {
  /** @type {Element | null} */
  let dragged = null;

  /** @param {Event} event */
  function itemOf(event) {
    return [...list.children].find((item) => item.contains(/** @type {Node} */ (event.target)));
  }
  /**
   * @param {Element} item
   * @param {number} to
   */
  function move(item, to) {
    const from = [...list.children].indexOf(item);
    if (from < 0 || to === from || to < 0 || to >= list.children.length) return;
    const name = of(item);
    onMove(from, to);
    announce(
      _("{name} is now in place {place} of {places}.", {
        name,
        place: to + 1,
        places: list.children.length,
      }),
    );
  }
  /** @param {DragEvent} event */
  function begin(event) {
    const item = itemOf(event);
    if (!item || !event.dataTransfer) return;
    event.stopPropagation();
    dragged = item;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", of(item));
  }
  /** @param {DragEvent} event */
  function over(event) {
    if (!dragged) return;
    event.preventDefault();
    event.stopPropagation();
    for (const item of list.children) item.toggleAttribute("data-over", item === itemOf(event));
  }
  function end() {
    dragged = null;
    for (const item of list.children) item.removeAttribute("data-over");
  }
  /** @param {DragEvent} event */
  function drop(event) {
    const item = itemOf(event);
    if (!dragged || !item) return;
    event.preventDefault();
    event.stopPropagation();
    const from = dragged;
    const to = [...list.children].indexOf(item);
    end();
    move(from, to);
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    const by = event.altKey && WAYS[/** @type {keyof typeof WAYS} */ (event.key)];
    const item = by && itemOf(event);
    if (!item) return;
    event.preventDefault();
    event.stopPropagation();
    const at = [...list.children].indexOf(item);
    const focused = /** @type {HTMLElement} */ (document.activeElement);
    move(item, at + by);
    focused.focus(); // which moving takes from it
  }

  list.addEventListener("dragstart", begin);
  list.addEventListener("dragover", over);
  list.addEventListener("drop", drop);
  list.addEventListener("dragend", end);
  list.addEventListener("keydown", press);
}
