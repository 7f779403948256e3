// @ts-check
// Pure. Tables as grids, and what they are with other rows, columns, cells and words.
import { rewritten } from "./line-rewrite.js";
import { contains, piecesOf } from "./table-cells.js";

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Line} Line
 * @typedef {import("../lib/model.js").Zone} Zone
 * @typedef {import("../lib/answers.js").Cell} Cell
 * @typedef {import("../lib/answers.js").Table} Table
 * @typedef {import("../lib/geometry.js").Dot} Dot
 * @typedef {"row" | "column"} Axis
 * @typedef {import("./table-cells.js").Piece} Piece
 */

const SLIVER_PX = 2; // what a new row or column takes of the one before: no word has its middle there

/**
 * @param {Cell} cell
 * @param {Axis} axis
 */
const spanOf = (cell, axis) => cell[`${axis}_span`] ?? 1;

/**
 * The last row or column in which a cell stands.
 * @param {Cell} cell
 * @param {Axis} axis
 */
const lastOf = (cell, axis) => cell[axis] + spanOf(cell, axis) - 1;

/**
 * The cell that stands in a place of the grid, if one does.
 * @param {Table} table
 * @param {number} row
 * @param {number} column
 */
export function cellAt(table, row, column) {
  return table.cells.find(
    (cell) =>
      cell.row <= row &&
      row <= lastOf(cell, "row") &&
      cell.column <= column &&
      column <= lastOf(cell, "column"),
  );
}

/**
 * An empty row or column behind a cell.
 * @param {Zone} zone
 * @param {Cell} cell
 * @param {Axis} axis
 */
export function added(zone, cell, axis) {
  const after = lastOf(cell, axis);
  return regridded(zone, axis, 1, (one) => {
    if (one[axis] > after) return [{ ...one, [axis]: one[axis] + 1 }];
    if (lastOf(one, axis) < after) return [one];
    if (lastOf(one, axis) > after) return [{ ...one, [`${axis}_span`]: spanOf(one, axis) + 1 }];
    const [kept, sliver] = cut(one.quad, axis, 1 - SLIVER_PX / lengthOf(one.quad, axis));
    return [
      placed(one, kept),
      { ...placed(one, sliver), [axis]: after + 1, [`${axis}_span`]: 1, text: "" },
    ];
  });
}

/**
 * The table without the row or column of a cell, and without the words that stand there alone.
 * @param {Zone} zone
 * @param {Cell} cell
 * @param {Axis} axis
 */
export function removed(zone, cell, axis) {
  const at = cell[axis];
  const pieces = piecesOf(zone);
  const gone = new Set(
    zone.table?.cells
      .filter((one) => one[axis] === at && spanOf(one, axis) === 1)
      .flatMap((one) => (pieces.get(one) ?? []).flatMap(({ words }) => words)),
  );
  const lines = zone.lines
    .map((line) => ({ ...line, words: line.words.filter((word) => !gone.has(word)) }))
    .filter(({ words }) => words.length);
  const { table } = zone;
  const head = table?.header_rows ?? 0;
  const isHead = axis === "row" && at < head;
  const shorn = {
    ...zone,
    lines,
    ...(table && { table: { ...table, header_rows: head - Number(isHead) } }),
  };
  return regridded(shorn, axis, -1, (one) => {
    if (one[axis] > at) return [{ ...one, [axis]: one[axis] - 1 }];
    if (lastOf(one, axis) < at) return [one];
    const span = spanOf(one, axis) - 1;
    return span ? [{ ...one, [`${axis}_span`]: span }] : [];
  });
}

/**
 * The neighbour behind a cell with which it can be joined: as high, or as wide.
 * @param {Table} table
 * @param {Cell} cell
 * @param {Axis} axis along which they lie
 */
export function neighbour(table, cell, axis) {
  const across = axis === "row" ? "column" : "row";
  return table.cells.find(
    (one) =>
      one[axis] === lastOf(cell, axis) + 1 &&
      one[across] === cell[across] &&
      spanOf(one, across) === spanOf(cell, across),
  );
}

/**
 * Both as one cell.
 * @param {Zone} zone
 * @param {Cell} cell
 * @param {Axis} axis
 */
export function joinedCells(zone, cell, axis) {
  const { table } = zone;
  const other = table && neighbour(table, cell, axis);
  if (!other) return zone;
  const [[a, b, , d], [, f, g, h]] = [cell.quad, other.quad];
  const quad = axis === "row" ? [a, b, g, h] : [a, f, g, d];
  return regridded(zone, axis, 0, (one) => {
    if (one === other) return [];
    if (one !== cell) return [one];
    return [{ ...placed(one, quad), [`${axis}_span`]: spanOf(cell, axis) + spanOf(other, axis) }];
  });
}

/**
 * A cell as two: of several rows or columns at their border, else side by side in two columns, in
 * the widest gap between its words.
 * @param {Zone} zone
 * @param {Cell} cell
 */
export function splitCell(zone, cell) {
  const axis = spanOf(cell, "column") > 1 || spanOf(cell, "row") === 1 ? "column" : "row";
  const span = spanOf(cell, axis);
  if (span > 1) {
    const border = zone.table?.cells.find(
      (one) => one !== cell && lastOf(one, axis) === cell[axis],
    );
    const share = border ? shareOf(cell.quad, border.quad, axis) : 1 / span;
    const [first, second] = cut(cell.quad, axis, share);
    return regridded(zone, axis, 0, (one) =>
      one === cell
        ? [
            { ...placed(one, first), [`${axis}_span`]: 1 },
            {
              ...placed(one, second),
              [axis]: one[axis] + 1,
              [`${axis}_span`]: span - 1,
              text: "",
            },
          ]
        : [one],
    );
  }
  const words = (piecesOf(zone).get(cell) ?? []).flatMap((piece) => piece.words);
  const [first, second] = cut(cell.quad, axis, widestGap(cell, words));
  const at = cell.column;
  return regridded(zone, axis, 1, (one) => {
    if (one === cell)
      return [placed(one, first), { ...placed(one, second), column: at + 1, text: "" }];
    if (one.column > at) return [{ ...one, column: one.column + 1 }];
    if (lastOf(one, axis) < at) return [one];
    return [{ ...one, column_span: spanOf(one, axis) + 1 }];
  });
}

/**
 * The zone with other words in a cell, in the place of a piece of it, or as its first line.
 * @param {Zone} zone
 * @param {Cell} cell
 * @param {Piece | null} piece
 * @param {string[]} texts
 * @returns {Zone}
 */
export function retyped(zone, cell, piece, texts) {
  const like = piece?.line ?? zone.lines[0];
  const [, , right, left] = cell.quad;
  const within = { ...like, quad: cell.quad, box: cell.box };
  const near = rewritten({ ...within, words: piece?.words ?? [] }, texts).words;
  const words = near.every(({ box }) => contains(cell.quad, box))
    ? near
    : rewritten({ ...within, words: [] }, texts).words;
  if (piece) {
    const from = piece.line.words.indexOf(piece.words[0]);
    const rest = piece.line.words.filter((word) => !piece.words.includes(word));
    rest.splice(from, 0, ...words);
    const lines = zone.lines.map((line) => (line === piece.line ? { ...line, words: rest } : line));
    return { ...zone, lines: lines.filter((line) => line.words.length) };
  }
  /** @type {Line} */
  const line = {
    ...within,
    words,
    text: texts.join(" "),
    baseline: [left, right],
    x_height_px: lengthOf(cell.quad, "row") / 3,
    paragraph: Math.max(0, ...zone.lines.map(({ paragraph }) => paragraph)) + 1,
  };
  const isBefore = (/** @type {Cell} */ one) =>
    one.row < cell.row || (one.row === cell.row && one.column < cell.column);
  const before = [...piecesOf(zone)]
    .filter(([one]) => one && isBefore(one))
    .flatMap(([, pieces]) => pieces.map((one) => zone.lines.indexOf(one.line)));
  const lines = [...zone.lines];
  lines.splice(Math.max(-1, ...before) + 1, 0, line);
  return { ...zone, lines };
}

/**
 * The texts of a table, row by row; of cells in several rows or columns at their first place.
 * @param {Zone} zone
 * @returns {string[][]}
 */
export function textsOf(zone) {
  const { rows = 0, columns = 0, cells = [] } = zone.table ?? {};
  const pieces = piecesOf(zone);
  const texts = Array.from({ length: rows }, () => new Array(columns).fill(""));
  for (const cell of cells)
    texts[cell.row][cell.column] = (pieces.get(cell) ?? [])
      .flatMap(({ words }) => words.map(({ text }) => text).filter(Boolean))
      .join(" ");
  return texts;
}

/**
 * @param {Zone} zone
 * @param {Axis} axis
 * @param {number} more rows or columns
 * @param {(cell: Cell) => Cell[]} change
 * @returns {Zone}
 */
function regridded(zone, axis, more, change) {
  const { table } = zone;
  if (!table) return zone;
  const cells = table.cells
    .flatMap(change)
    .sort((one, other) => one.row - other.row || one.column - other.column);
  const count = axis === "row" ? "rows" : "columns";
  return { ...zone, table: { ...table, [count]: table[count] + more, cells } };
}

/**
 * @param {Cell} cell
 * @param {Dot[]} quad
 * @returns {Cell}
 */
function placed(cell, quad) {
  const [xs, ys] = [quad.map(([x]) => x), quad.map(([, y]) => y)];
  return {
    ...cell,
    quad,
    box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
  };
}

/**
 * Both parts of a quad that is cut at a share of its height or width.
 * @param {Dot[]} quad
 * @param {Axis} axis
 * @param {number} share
 * @returns {[Dot[], Dot[]]}
 */
function cut([a, b, c, d], axis, share) {
  const at = Math.min(1, Math.max(0, share));
  const between = (/** @type {Dot} */ [x, y], /** @type {Dot} */ [u, v]) =>
    /** @type {Dot} */ ([x + (u - x) * at, y + (v - y) * at]);
  if (axis === "row") {
    const [left, right] = [between(a, d), between(b, c)];
    return [
      [a, b, right, left],
      [left, right, c, d],
    ];
  }
  const [top, bottom] = [between(a, b), between(d, c)];
  return [
    [a, top, bottom, d],
    [top, b, c, bottom],
  ];
}

/**
 * @param {Dot[]} quad
 * @param {Axis} axis
 */
function lengthOf([a, b, , d], axis) {
  const to = axis === "row" ? d : b;
  return Math.max(1, Math.hypot(to[0] - a[0], to[1] - a[1]));
}

/**
 * How far down, or along, a quad the far corner of another lies, as a share.
 * @param {Dot[]} quad
 * @param {Dot[]} other
 * @param {Axis} axis
 */
function shareOf([a, b, , d], [, , [x, y]], axis) {
  const to = axis === "row" ? d : b;
  const [dx, dy] = [to[0] - a[0], to[1] - a[1]];
  return ((x - a[0]) * dx + (y - a[1]) * dy) / Math.max(1, dx * dx + dy * dy);
}

/**
 * Where a cell is best cut in two columns, as a share of its width.
 * @param {Cell} cell
 * @param {Word[]} words
 */
function widestGap({ box: [left, , right] }, words) {
  const sorted = [...words].sort((one, other) => one.box[0] - other.box[0]);
  let [best, at, end] = [0, (left + right) / 2, -Infinity];
  for (const { box } of sorted) {
    if (box[0] - end > best && end > -Infinity) [best, at] = [box[0] - end, (box[0] + end) / 2];
    end = Math.max(end, box[2]);
  }
  return (at - left) / Math.max(1, right - left);
}
