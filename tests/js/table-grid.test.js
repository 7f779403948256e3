import assert from "node:assert/strict";
import { test } from "node:test";
import { piecesOf } from "../../ocr_server/static/js/desk/table-cells.js";
import {
  added,
  cellAt,
  joinedCells,
  neighbour,
  removed,
  retyped,
  splitCell,
  textsOf,
} from "../../ocr_server/static/js/desk/table-grid.js";
import { piecesOf } from "../../ocr_server/static/js/desk/table-cells.js";
import { lineOf, quadOf } from "./documents.js";

/** A table of cells that are 100 pixels wide and 20 high, each of the rows a line of one word a cell. */
function tableOf(...rows) {
  const lines = rows.map((texts, row) => {
    const line = lineOf(texts.join(" "), { top: 20 * row });
    line.words.forEach((word, column) => {
      const left = 100 * column + 10;
      const right = left + 10 * word.text.length;
      Object.assign(word, quadOf(left, right, 20 * row));
    });
    return { ...line, paragraph: row, direction: "ltr" };
  });
  const cells = rows.flatMap((texts, row) =>
    texts.map((text, column) => ({
      row,
      column,
      text,
      ...quadOf(100 * column, 100 * column + 100, 20 * row),
    })),
  );
  return { kind: "table", lines, table: { rows: rows.length, columns: rows[0].length, cells } };
}

const BILL = tableOf(["Item", "Price"], ["Tea", "3.40"]);
const at = ({ table }, row, column) => cellAt(table, row, column);

test("words stand in the cell in which their middle lies", () => {
  assert.deepEqual(textsOf(BILL), [
    ["Item", "Price"],
    ["Tea", "3.40"],
  ]);
});

test("a row is added below a cell and a column behind it, both empty", () => {
  assert.deepEqual(textsOf(added(BILL, at(BILL, 0, 1), "row")), [
    ["Item", "Price"],
    ["", ""],
    ["Tea", "3.40"],
  ]);
  assert.deepEqual(textsOf(added(BILL, at(BILL, 0, 0), "column")), [
    ["Item", "", "Price"],
    ["Tea", "", "3.40"],
  ]);
});

test("a row and a column are removed with their words", () => {
  const short = removed(BILL, at(BILL, 0, 0), "row");
  assert.deepEqual(textsOf(short), [["Tea", "3.40"]]);
  assert.equal(short.lines.length, 1);
  assert.deepEqual(textsOf(removed(BILL, at(BILL, 0, 0), "column")), [["Price"], ["3.40"]]);
});

test("cells are joined with their neighbours, and split again where they met", () => {
  const wide = joinedCells(BILL, at(BILL, 0, 0), "column");
  assert.deepEqual(textsOf(wide), [
    ["Item Price", ""],
    ["Tea", "3.40"],
  ]);
  assert.equal(neighbour(wide.table, at(wide, 0, 0), "row"), undefined); // it is not as wide
  assert.deepEqual(textsOf(splitCell(wide, at(wide, 0, 0))), textsOf(BILL));
  const tall = joinedCells(BILL, at(BILL, 0, 0), "row");
  assert.deepEqual(textsOf(splitCell(tall, at(tall, 0, 0))), textsOf(BILL));
});

test("a cell of one column is split in the widest gap, and the others get wider", () => {
  const one = tableOf(["Total"], ["Tea"]);
  one.lines[1].words.push({ ...one.lines[1].words[0], text: "3.40", ...quadOf(60, 99, 20) });
  const split = splitCell(one, at(one, 1, 0));

  assert.deepEqual(textsOf(split), [
    ["Total", ""],
    ["Tea", "3.40"],
  ]);
  assert.equal(at(split, 0, 0).column_span, 2);
});

test("what is typed into a cell stays in it, however long it is", () => {
  const cell = at(BILL, 1, 0);
  const [piece] = piecesOf(BILL).get(cell);
  const texts = ["Tea", "with", "milk", "and", "sugar"];

  assert.deepEqual(textsOf(retyped(BILL, cell, piece, texts))[1], [texts.join(" "), "3.40"]);
});

test("an empty cell gets a line of its own in its place of the text", () => {
  const longer = added(BILL, at(BILL, 0, 0), "row");
  const typed = retyped(longer, at(longer, 1, 1), null, ["in", "euros"]);

  assert.deepEqual(textsOf(typed)[1], ["", "in euros"]);
  assert.deepEqual(
    typed.lines.map(({ words }) => words.map(({ text }) => text).join(" ")),
    ["Item Price", "in euros", "Tea 3.40"],
  );
});
