// @ts-check
// Menus made of <details>: one open at a time, closed by a click elsewhere or Escape.

const MENUS = "details.menu, details.choice";

/** @param {Document | null} root */
export function enhance(root) {
  if (!root) return;
  /** @param {Node | null} kept */
  function closeOthers(kept) {
    for (const menu of root?.querySelectorAll(MENUS) ?? [])
      if (!menu.contains(kept)) menu.removeAttribute("open");
  }
  /** @param {KeyboardEvent} event */
  function leave(event) {
    const menu =
      event.key === "Escape" &&
      /** @type {Element} */ (event.target).closest?.(`:is(${MENUS})[open]`);
    if (!menu) return;
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
  }
  // Where there are no popovers (Safari 16), they are dialogs.
  if (!("popover" in HTMLElement.prototype))
    for (const button of root.querySelectorAll("[popovertarget]"))
      button.addEventListener("click", function toggle() {
        const name = button.getAttribute("popovertarget") ?? "";
        const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById(name));
        if (dialog?.open) dialog.close();
        else dialog?.showModal();
      });
  root.addEventListener("click", (event) => closeOthers(/** @type {Node} */ (event.target)));
  root.addEventListener("focusin", (event) => closeOthers(/** @type {Node} */ (event.target)));
  root.addEventListener("keydown", leave);
}

enhance(document);
