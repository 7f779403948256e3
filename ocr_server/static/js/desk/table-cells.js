// @ts-check
// Pure. Which words of a table stand in which cell: that in which their middle lies, as the server has
// it.

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Line} Line
 * @typedef {import("../lib/model.js").Zone} Zone
 * @typedef {import("../lib/answers.js").Cell} Cell
 * @typedef {import("../lib/geometry.js").Dot} Dot
 * @typedef {{line: Line, words: Word[]}} Piece the words of a line that stand in one cell
 */

/**
 * The pieces of lines in each cell; those outside of all cells under null.
 * @param {Zone} zone
 */
export function piecesOf({ table, lines }) {
  /** @type {Map<Cell | null, Piece[]>} */
  const pieces = new Map();
  for (const line of lines) {
    for (const word of line.words ?? []) {
      const cell = table?.cells.find(({ quad }) => contains(quad, word.box)) ?? null;
      const some = pieces.get(cell) ?? [];
      pieces.set(cell, some);
      if (some[some.length - 1]?.line === line) some[some.length - 1].words.push(word);
      else some.push({ line, words: [word] });
    }
  }
  return pieces;
}

/**
 * Whether the middle of a box lies in a quad.
 * @param {Dot[]} quad
 * @param {number[]} box
 */
export function contains(quad, [left, top, right, bottom]) {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return quad.every(function isRight([ax, ay], at) {
    const [bx, by] = quad[(at + 1) % 4];
    const inwards = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    return at % 3 ? inwards > 0 : inwards >= 0; // what lies on a border belongs to the next cell
  });
}
