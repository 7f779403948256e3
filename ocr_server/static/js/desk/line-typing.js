// @ts-check
// Typing straight into the lines of the text: what changes gets its place from what it stands for.
import { action, announce } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import { rewritten } from "./line-rewrite.js";
import { retyped } from "./table-grid.js";

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, text } = desk;
  const button = action(root, "type");

  /** @param {Element | null} row */
  function commit(row) {
    const { draft, page } = desk;
    const about = row && text.rowOf(row);
    if (!draft || !page || !about) return;
    const tokens = (row.textContent ?? "").split(/\s+/).filter(Boolean);
    const before = about.words.map((word) => word.text).filter(Boolean);
    if (tokens.join(" ") === before.join(" ") || tokens.join("") === before.join("")) return;
    const { line, words, zone: table, cell } = about;
    const zones = page.zones.map(function put(zone) {
      if (cell) return zone === table ? retyped(zone, cell, line && { line, words }, tokens) : zone;
      if (!line || !zone.lines) return zone;
      const lines = zone.lines.map((one) => (one === line ? rewritten(line, tokens) : one));
      return { ...zone, lines };
    });
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
      const at = text.rows.indexOf(row) + (stepInColumn(row, by) || by);
      commit(row);
      /** @type {HTMLElement | undefined} */ (text.rows[at])?.focus();
    }
  }
  /**
   * How many rows of the text on the next line of the same column of a table is; 0 if there is none.
   * @param {Element} row
   * @param {number} by
   */
  function stepInColumn(row, by) {
    const { zone, cell } = text.rowOf(row) ?? {};
    const from = text.rows.indexOf(row);
    const steps = text.rows
      .map((other, at) => (by > 0 ? at - from : from - at) * Number(isInColumn(other)))
      .filter((step) => step > 0);
    /** @param {Element} other */
    function isInColumn(other) {
      const about = text.rowOf(other);
      return Boolean(cell) && about?.zone === zone && about?.cell?.column === cell?.column;
    }
    return steps.length ? by * Math.min(...steps) : 0;
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
  // Beside the lines of a cell, which would take the focus and no letters.
  text.root.addEventListener("mousedown", function enter(event) {
    const target = /** @type {Element} */ (event.target);
    if (!text.isTyping || !target.matches("td, th")) return;
    const lines = /** @type {HTMLElement[]} */ ([...target.querySelectorAll(".line")]);
    const above = lines.findLast((one) => one.getBoundingClientRect().top < event.clientY);
    const line = above ?? lines[0];
    event.preventDefault();
    line.focus();
    getSelection()?.collapse(line, line.childNodes.length);
  });
  text.root.addEventListener("focusout", function leave(event) {
    if (!text.isTyping || !rowOf(event)?.isConnected) return;
    const next = /** @type {Element | null} */ (event.relatedTarget)?.closest(".line");
    const at = next ? text.rows.indexOf(next) : -1;
    commit(rowOf(event));
    // The text is drawn anew: the line that is gone to is another element now.
    if (next && !next.isConnected)
      setTimeout(() => /** @type {HTMLElement | undefined} */ (text.rows[at])?.focus());
  });
}
