// @ts-check
// What can be done to a table: rows and columns more or fewer, cells joined and split, all copied.
// No `enhance`: the menu is that of a table, drawn anew with it.
import { announce, found, make } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import {
  added,
  cellAt,
  joinedCells,
  neighbour,
  removed,
  splitCell,
  textsOf,
} from "./table-grid.js";
import { placeOf } from "./table-view.js";

/**
 * @typedef {import("../lib/model.js").Zone} Zone
 * @typedef {import("../lib/answers.js").Cell} Cell
 */

/**
 * Fills the menu of a table for the cell that was last chosen, at first its first.
 * @param {import("./desk.js").Desk} desk
 * @param {HTMLElement} menu
 */
export function openTableMenu(desk, menu) {
  const { root, text } = desk;
  const grid = found(menu.parentElement ?? root, "table");

  function fill() {
    const box = grid.querySelector(".here") ?? grid.querySelector("td, th");
    const place = placeOf(box);
    if (!place?.zone.table || !box) return;
    const { zone, cell } = place;
    const { table } = place.zone;
    /**
     * @param {string} words
     * @param {boolean} can
     * @param {() => Zone} change
     */
    function entry(words, can, change) {
      const button = make("button", { type: "button", ...(!can && { disabled: "" }) }, words);
      button.addEventListener("click", () => put(zone, cell, change()));
      return button;
    }
    const copying = make("button", { type: "button" }, _("Copy the table"));
    copying.addEventListener("click", () => copy(zone));
    box.classList.add("here");
    found(menu, ".sheet").replaceChildren(
      copying,
      entry(_("Add a row below"), true, () => added(zone, cell, "row")),
      entry(_("Add a column after it"), true, () => added(zone, cell, "column")),
      entry(_("Remove the row"), table.rows > 1, () => removed(zone, cell, "row")),
      entry(_("Remove the column"), table.columns > 1, () => removed(zone, cell, "column")),
      entry(_("Join with the cell after it"), !!neighbour(table, cell, "column"), () =>
        joinedCells(zone, cell, "column"),
      ),
      entry(_("Join with the cell below"), !!neighbour(table, cell, "row"), () =>
        joinedCells(zone, cell, "row"),
      ),
      entry(_("Split the cell"), true, () => splitCell(zone, cell)),
    );
  }
  /**
   * Shows the changed table, with the same place of it chosen.
   * @param {Zone} zone
   * @param {Cell} cell
   * @param {Zone} changed
   */
  function put(zone, cell, changed) {
    const { draft, page } = desk;
    if (!draft || !page || !changed.table) return;
    const at = page.zones.indexOf(zone);
    draft.replace(
      page,
      page.zones.map((one) => (one === zone ? changed : one)),
    );
    const { rows, columns } = changed.table;
    const kept = cellAt(
      changed.table,
      Math.min(cell.row, rows - 1),
      Math.min(cell.column, columns - 1),
    );
    for (const box of text.root.querySelectorAll("td, th")) {
      const place = placeOf(box);
      box.classList.toggle("here", place?.cell === kept && place?.zone === page.zones[at]);
    }
    const chosen = text.root.querySelector(".here");
    /** @type {HTMLElement | null | undefined} */ (
      chosen?.closest(".grid")?.querySelector("summary")
    )?.focus();
    announce(_("Rows: {rows}, columns: {columns}.", { rows, columns }));
  }
  /**
   * As cells for spreadsheets and text processors, and as text between tabs for all others.
   * @param {Zone} zone
   */
  async function copy(zone) {
    const plain = textsOf(zone)
      .map((row) => row.join("\t"))
      .join("\n");
    const bare = /** @type {Element} */ (grid.cloneNode(true));
    for (const element of bare.querySelectorAll("*"))
      for (const { name } of [...element.attributes])
        if (!name.endsWith("span")) element.removeAttribute(name);
    const as = (/** @type {string} */ type, /** @type {string} */ words) =>
      new Blob([words], { type });
    const kinds = {
      "text/html": as("text/html", bare.outerHTML),
      "text/plain": as("text/plain", plain),
    };
    menu.removeAttribute("open");
    try {
      await navigator.clipboard.write([new ClipboardItem(kinds)]);
      announce(_("The table is on the clipboard."));
    } catch {
      announce(_("The browser did not allow copying. Select the table and copy it."), "alert");
    }
  }

  fill();
}
