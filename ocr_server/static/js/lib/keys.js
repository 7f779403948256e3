// @ts-check
// What keys are called on this machine: Macs and iPhones have Command where others have Control.
import { _ } from "./words.js";

const isApple = /Mac|iPhone|iPad/.test(navigator.platform);

export const CONTROL = isApple ? "⌘" : _("Ctrl");

/** @param {ParentNode | null} root whose <kbd> name keys */
export function enhance(root) {
  if (!root || !isApple) return;
  for (const key of root.querySelectorAll("kbd"))
    if (key.textContent === _("Ctrl")) key.textContent = CONTROL;
}

enhance(document);
addEventListener("entered", () => enhance(document));
