// @ts-check
// The border between picture and text: dragged, moved by arrow keys, or by two buttons.
import { action, found } from "../lib/dom.js";
import { recall, remember } from "../lib/storage.js";
import { _ } from "../lib/words.js";

const STEP = 15; // per cent

/** @param {HTMLElement} root the desk */
export function enhance(root) {
  const slider = /** @type {HTMLInputElement} */ (found(root, "#splitter"));

  function split() {
    found(root, ".panes").style.setProperty("--split", slider.value);
    slider.setAttribute(
      "aria-valuetext",
      _("Picture {picture} %, text {text} %", {
        picture: slider.value,
        text: 100 - Number(slider.value),
      }),
    );
  }
  /** @param {number} value */
  function move(value) {
    slider.value = String(value);
    remember("split", slider.value);
    split();
  }
  slider.addEventListener("input", split);
  slider.addEventListener("change", () => move(Number(slider.value)));
  action(root, "wider-picture").addEventListener("click", () => move(Number(slider.value) + STEP));
  action(root, "wider-text").addEventListener("click", () => move(Number(slider.value) - STEP));
  slider.value = recall("split", slider.value);
  split();
}
