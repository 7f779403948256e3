// @ts-check
// What keys are called on this machine: Macs and iPhones have Command where others have Control.

const isApple = /Mac|iPhone|iPad/.test(navigator.platform);

export const CONTROL = isApple ? "⌘" : "Ctrl";

/** @param {ParentNode | null} root whose <kbd> name keys */
export function enhance(root) {
  if (!root || !isApple) return;
  for (const key of root.querySelectorAll("kbd"))
    if (key.textContent === "Ctrl") key.textContent = CONTROL;
}

enhance(document);
addEventListener("entered", () => enhance(document));
