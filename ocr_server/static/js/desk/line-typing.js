// @ts-check
// Typing straight into the lines of the text: what changes gets its place from what it stands for.
import { action, announce } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import { rewritten } from "./line-rewrite.js";

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, text } = desk;
  const button = action(root, "type");

  /** @param {Element | null} row */
  function commit(row) {
    const { draft, page } = desk;
    const line = row && text.lineOf(row);
    if (!draft || !page || !line) return;
    const tokens = (row.textContent ?? "").split(/\s+/).filter(Boolean);
    const before = line.words.map((word) => word.text).filter(Boolean);
    if (tokens.join(" ") === before.join(" ") || tokens.join("") === before.join("")) return;
    const zones = page.zones.map((zone) =>
      zone.lines
        ? {
            ...zone,
            lines: zone.lines.map((one) => (one === line ? rewritten(line, tokens) : one)),
          }
        : zone,
    );
    draft.replace(page, zones);
  }
  /** @param {Event} event */
  function rowOf(event) {
    return /** @type {Element} */ (event.target).closest?.(".line") ?? null;
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    const row = text.isTyping && rowOf(event);
    if (!row) return;
    const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    if (event.key === "Escape") {
      event.preventDefault();
      toggle();
    } else if (by && !event.isComposing) {
      event.preventDefault();
      const at = text.rows.indexOf(row) + by;
      commit(row);
      /** @type {HTMLElement | undefined} */ (text.rows[at])?.focus();
    }
  }
  function toggle() {
    const isOn = !text.isTyping;
    if (isOn) desk.leave();
    else commit(document.activeElement?.closest(".line") ?? null);
    text.setTyping(isOn);
    button.setAttribute("aria-pressed", String(isOn));
    if (isOn) /** @type {HTMLElement | undefined} */ (text.rows[0])?.focus();
    else button.focus();
    announce(isOn ? _("Type in the text; Enter and the arrows go from line to line.") : _("Done."));
  }

  button.addEventListener("click", toggle);
  text.root.addEventListener("keydown", press);
  text.root.addEventListener("focusout", function leave(event) {
    if (text.isTyping && rowOf(event)?.isConnected) commit(rowOf(event));
  });
}
