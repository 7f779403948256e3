// @ts-check
// Where ink has come or gone since it was read, in a grid over the picture, and where a hand is.
// No `enhance`: it shows nothing.

const CELL_PX = 8; // of the small picture
const COVERED = 40; // grey levels by which the brightest pixel of a cell falls under a hand
const INKED = 30; // by which the darkest changes with ink
const MOVED = 24; // by which either changes where something moves
const FEWEST_MOVED = 3; // cells; fewer are noise
const STILL_MS = 180; // two looks at least, though the second comes a little early

/** @typedef {{top: number, bottom: number}} Rows of cells, the second exclusive */

/**
 * Follows one grid of cells; `darkest` and `brightest` of a look are grey levels, row by row.
 * @param {number} columns
 * @param {number} rows
 */
export function followInk(columns, rows) {
  const count = columns * rows;
  const paper = new Uint8ClampedArray(count); // the brightest ever seen
  const read = new Uint8ClampedArray(count); // the darkest when it was read
  /** @type {{darkest: Uint8ClampedArray, brightest: Uint8ClampedArray} | null} */
  let last = null;
  let movedAt = -STILL_MS;
  let isNew = true;

  /**
   * The highest rows side by side that have changed ink and no hand; a cell beside a hand may show
   * its edge.
   * @param {{darkest: Uint8ClampedArray, brightest: Uint8ClampedArray}} now
   * @returns {Rows | null}
   */
  function firstBand({ darkest, brightest }) {
    const covered = paper.map((level, at) => Number(level - brightest[at] > COVERED));
    const isBesideHand = (/** @type {number} */ row, /** @type {number} */ column) => {
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y += 1)
        for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x += 1)
          if (covered[y * columns + x]) return true;
      return false;
    };
    let top = -1;
    let isFree = true;
    for (let row = 0; row <= rows; row += 1) {
      let isChanged = false;
      let hasHand = false;
      for (let column = 0; row < rows && column < columns; column += 1) {
        const at = row * columns + column;
        if (covered[at]) hasHand = true;
        else if (Math.abs(darkest[at] - read[at]) > INKED && !isBesideHand(row, column))
          isChanged = true;
      }
      if (isChanged) {
        if (top < 0) top = row;
        isFree &&= !hasHand;
      } else if (top >= 0) {
        if (isFree) return { top, bottom: row };
        top = -1;
        isFree = true;
      }
    }
    return null;
  }

  return {
    /**
     * The rows whose ink has changed, once nothing moves; nothing while a hand is over them. At first
     * all rows: they may have ink already, and what reads them is ready when more is written.
     * @param {{darkest: Uint8ClampedArray, brightest: Uint8ClampedArray}} now
     * @param {number} ms
     * @returns {Rows | null}
     */
    look(now, ms) {
      const before = last;
      last = now;
      if (!before) {
        paper.set(now.brightest);
        read.set(now.brightest);
        movedAt = ms;
        return null;
      }
      let moved = 0;
      for (let at = 0; at < count; at += 1) {
        paper[at] = Math.max(paper[at], now.brightest[at]);
        const change = Math.max(
          Math.abs(now.darkest[at] - before.darkest[at]),
          Math.abs(now.brightest[at] - before.brightest[at]),
        );
        if (change > MOVED) moved += 1;
      }
      if (moved >= FEWEST_MOVED) movedAt = ms;
      if (ms - movedAt < STILL_MS) return null;
      return isNew ? { top: 0, bottom: rows } : firstBand(now);
    },
    /**
     * What stands in these rows in that look has been read.
     * @param {Rows} some
     * @param {{darkest: Uint8ClampedArray}} seen
     */
    settle({ top, bottom }, seen) {
      isNew = false;
      const from = Math.max(0, top) * columns;
      const to = Math.min(rows, bottom) * columns;
      read.set(seen.darkest.subarray(from, to), from);
    },
  };
}

/**
 * The darkest and the brightest pixel of each cell of a picture.
 * @param {ImageData} picture
 */
export function cellsOf({ data, width, height }) {
  const columns = Math.floor(width / CELL_PX);
  const rows = Math.floor(height / CELL_PX);
  const darkest = new Uint8ClampedArray(columns * rows).fill(255);
  const brightest = new Uint8ClampedArray(columns * rows);
  for (let y = 0; y < rows * CELL_PX; y += 1) {
    for (let x = 0; x < columns * CELL_PX; x += 1) {
      const level = data[4 * (y * width + x) + 1];
      const at = Math.floor(y / CELL_PX) * columns + Math.floor(x / CELL_PX);
      if (level < darkest[at]) darkest[at] = level;
      if (level > brightest[at]) brightest[at] = level;
    }
  }
  return { columns, rows, darkest, brightest };
}

export { CELL_PX };
