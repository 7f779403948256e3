// @ts-check
// The lines of a handwritten page, kept in order as parts of it are read again.
// No `enhance`: it shows nothing.

const SAME_ROW = 0.5; // of the lower line's height
const MARGIN_PX = 16; // by which a line may be found elsewhere when it is read again

/** @typedef {{top: number, bottom: number}} Rows in pixels of the camera */
/**
 * A line; `top` and `bottom` are in pixels of the camera, `gone` those of a page that was turned.
 * @typedef {{id: number, text: string, left: number, top: number, bottom: number, corrected:
 *   boolean, gone: boolean}} Written
 */

/** Keeps the lines. */
export function keepLines() {
  /** @type {Written[]} */
  let lines = [];
  let ids = 0;

  return {
    get all() {
      return lines;
    },
    clear() {
      lines = [];
    },
    /**
     * The part of the picture to read where ink has changed in some rows: lines that stand there
     * whole, and `around` more on both sides, but not their neighbours.
     * @param {Rows} rows
     * @param {number} around
     * @returns {Rows}
     */
    partOf(rows, around) {
      const standing = lines.filter((line) => !line.gone);
      const inside = [rows, ...standing.filter((line) => isSameRow(line, rows))];
      const least = {
        top: Math.min(...inside.map((line) => line.top)) - MARGIN_PX,
        bottom: Math.max(...inside.map((line) => line.bottom)) + MARGIN_PX,
      };
      let top = Math.min(least.top, rows.top - around);
      let bottom = Math.max(least.bottom, rows.bottom + around);
      for (const line of standing) {
        if (inside.includes(line)) continue;
        if (middle(line) < middle(rows)) top = Math.max(top, Math.min(line.bottom, least.top));
        else bottom = Math.min(bottom, Math.max(line.top, least.bottom));
      }
      return { top, bottom };
    },
    /**
     * Puts what was read between `top` and `bottom` in the place of what stood there; a line that a
     * person corrected stays as it is, and so does one of which only the edge was seen.
     * @param {{text: string, left: number, top: number, bottom: number}[]} found
     * @param {Rows} part
     * @returns {Written[]} the lines that are new or read otherwise
     */
    put(found, { top, bottom }) {
      const standing = lines.filter((line) => !line.gone);
      const before = standing.filter((line) => line.top > top - 1 && line.bottom < bottom + 1);
      const beside = standing.filter((line) => !before.includes(line));
      const rows = joinRows(found).filter((row) => !beside.some((line) => isSameRow(line, row)));
      const changed = [];
      for (const row of rows) {
        const at = before.findIndex((line) => isSameRow(line, row));
        const [line] = at < 0 ? [] : before.splice(at, 1);
        if (line) {
          Object.assign(line, row, { text: line.corrected ? line.text : row.text });
          if (!line.corrected) changed.push(line);
          continue;
        }
        ids += 1;
        const added = { id: ids, corrected: false, gone: false, ...row };
        lines = lines.filter((other) => !other.gone || other.text !== row.text);
        lines.push(added);
        changed.push(added);
      }
      for (const line of before) line.gone = true;
      lines.sort(
        (one, other) =>
          Number(other.gone) - Number(one.gone) ||
          (one.gone ? one.id - other.id : one.top - other.top),
      );
      return changed;
    },
  };
}

/** @param {Rows} line */
function middle({ top, bottom }) {
  return (top + bottom) / 2;
}

/**
 * @param {Rows} one
 * @param {Rows} other
 */
function isSameRow(one, other) {
  const common = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return common > SAME_ROW * Math.min(one.bottom - one.top, other.bottom - other.top);
}

/**
 * Pieces side by side as one line each, from the top down.
 * @param {{text: string, left: number, top: number, bottom: number}[]} pieces
 */
function joinRows(pieces) {
  /** @type {{text: string, left: number, top: number, bottom: number}[]} */
  const rows = [];
  for (const piece of [...pieces].sort((one, other) => one.left - other.left)) {
    const row = rows.find((other) => isSameRow(other, piece));
    if (!row) rows.push({ ...piece });
    else
      Object.assign(row, {
        text: `${row.text} ${piece.text}`,
        top: Math.min(row.top, piece.top),
        bottom: Math.max(row.bottom, piece.bottom),
      });
  }
  return rows.sort((one, other) => one.top - other.top);
}
