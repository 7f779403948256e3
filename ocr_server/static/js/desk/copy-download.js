// @ts-check
// What a person takes away: the text on the clipboard at once, the rest from a menu.
import { action, announce, make, part } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { _ } from "../lib/words.js";

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root } = desk;
  const menu = part(root, "downloads");
  const copy = action(root, "copy");

  /**
   * @param {string} text
   * @param {string} [share] of the pages, where not all are read
   */
  async function copyText(text, share = "") {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      if (!copySelected(text))
        return announce(
          _("The browser did not allow copying. Select the text and copy it yourself."),
          "alert",
        );
    }
    const label = /** @type {HTMLElement} */ (copy.querySelector("span"));
    label.textContent = share ? _("Copied {share}", { share }) : _("Copied");
    announce(
      share
        ? _("The text of {share} is on the clipboard.", { share })
        : _("The text is on the clipboard."),
    );
    setTimeout(() => (label.textContent = _("Copy text")), 2000);
    return undefined;
  }

  copy.addEventListener("click", () => copyText(desk.draft?.text ?? "", desk.draft?.share));
  menu.addEventListener("toggle", async function offer() {
    const isOpen = menu.hasAttribute("open");
    const complaint = part(root, "formats").querySelector(".hint");
    part(root, "proof").inert = isOpen; // it may lie half under the menu
    if (!isOpen) complaint?.remove();
    else if (!complaint)
      (await bring("desk/export-menu", () => import("./export-menu.js"))).drawExportMenu(
        desk,
        copyText,
      );
  });
}

/**
 * The way that is open on http too; whether it worked.
 * @param {string} text
 */
function copySelected(text) {
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const field = /** @type {HTMLTextAreaElement} */ (make("textarea", { class: "clipped" }, text));
  focused.after(field);
  field.select();
  const worked = document.execCommand("copy");
  field.remove();
  focused.focus();
  return worked;
}
