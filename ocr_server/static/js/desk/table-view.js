// @ts-check
// A table zone as a table of the text pane, with a menu of what can be done to it.
// No `enhance`: it draws what the text pane shows.
import { make } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import { piecesOf } from "./table-grid.js";

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Zone} Zone
 * @typedef {import("../lib/answers.js").Cell} Cell
 * @typedef {{line: import("../lib/model.js").Line | null, words: Word[], zone?: Zone, cell?: Cell}} Row
 *   a line of the text, or what of it stands in a cell; an empty cell has none
 */

/** @type {WeakMap<Element, {zone: Zone, cell: Cell}>} */
const places = new WeakMap();

/**
 * The cell that an element of the text stands in.
 * @param {Element | null} element
 */
export function placeOf(element) {
  const box = element?.closest("td, th");
  return (box && places.get(box)) ?? null;
}

/**
 * Marks the cell in which something happens: it is the one that the menu of its table changes.
 * @param {Event} event
 */
export function chooseCell({ target, currentTarget }) {
  const box = /** @type {Element} */ (target).closest?.("td, th");
  if (!box) return;
  const all = /** @type {Element} */ (currentTarget).querySelectorAll(".here");
  for (const other of all) other.classList.remove("here");
  box.classList.add("here");
}

/**
 * @param {Zone} zone
 * @param {(row: Row) => Element} row draws one
 * @returns {Element[]} the table, and what stands in no cell of it
 */
export function drawTable(zone, row) {
  const { table } = zone;
  if (!table) return [];
  const pieces = piecesOf(zone);
  const body = make("tbody");
  for (let at = 0; at < table.rows; at += 1) {
    const line = make("tr");
    for (const cell of table.cells.filter((one) => one.row === at)) {
      const box = make(at < (table.header_rows ?? 0) ? "th" : "td", {
        ...(cell.row_span && { rowspan: String(cell.row_span) }),
        ...(cell.column_span && { colspan: String(cell.column_span) }),
        tabindex: "-1",
      });
      places.set(box, { zone, cell });
      const inside = pieces.get(cell) ?? [{ line: null, words: [] }];
      for (const piece of inside) box.append(row({ ...piece, zone, cell }), "\n");
      line.append(box);
    }
    body.append(line);
  }
  const menu = make(
    "details",
    { class: "menu", "data-part": "table" },
    make("summary", { class: "link" }, _("Table")),
    make("div", { class: "sheet" }),
  );
  const outside = (pieces.get(null) ?? []).map((piece) => make("p", {}, row(piece)));
  return [make("div", { class: "grid" }, menu, make("table", {}, body)), ...outside];
}
