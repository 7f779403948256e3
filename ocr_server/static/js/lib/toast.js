// @ts-check
// What has failed stands at the foot of the window until it is taken back by the next deed.

/** @param {HTMLElement | null} root */
export function enhance(root) {
  if (!root) return;
  function clear() {
    if (root) root.textContent = "";
  }
  for (const deed of ["pointerdown", "keydown"]) addEventListener(deed, clear, { capture: true });
}

enhance(document.getElementById("alert"));
