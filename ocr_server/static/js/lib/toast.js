// @ts-check
// What has failed stands at the foot of the window until it is taken back by the next deed, or by
// the end of its cause.
import { action } from "./dom.js";

/** @param {HTMLElement | null} root */
export function enhance(root) {
  if (!root) return;
  function clear() {
    if (root) root.textContent = "";
  }
  for (const deed of ["pointerdown", "keydown"]) addEventListener(deed, clear, { capture: true });
  addEventListener("answered", clear);
  action(root.parentElement ?? document, "hush").addEventListener("click", clear);
}

enhance(document.getElementById("alert"));
