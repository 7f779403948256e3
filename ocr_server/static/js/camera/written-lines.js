// @ts-check
// The lines of a handwritten page, kept in order as parts of it are read again.
// No `enhance`: it shows nothing.

const SAME_ROW = 0.5; // of the lower line's height

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
     * The part of the picture to read so that no line that stands in it is cut.
     * @param {number} top
     * @param {number} bottom
     */
    whole(top, bottom) {
      for (const line of lines) {
        if (line.gone || line.bottom <= top || line.top >= bottom) continue;
        top = Math.min(top, line.top);
        bottom = Math.max(bottom, line.bottom);
      }
      return { top, bottom };
    },
    /**
     * Puts what was read between `top` and `bottom` in the place of what stood there; a line that a
     * person corrected stays as it is.
     * @param {{text: string, left: number, top: number, bottom: number}[]} found
     * @param {{top: number, bottom: number}} part
     * @returns {Written[]} the lines that are new or read otherwise
     */
    put(found, { top, bottom }) {
      const rows = joinRows(found);
      const before = lines.filter(
        (line) => !line.gone && middle(line) > top && middle(line) < bottom,
      );
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

/** @param {{top: number, bottom: number}} line */
function middle({ top, bottom }) {
  return (top + bottom) / 2;
}

/**
 * @param {{top: number, bottom: number}} one
 * @param {{top: number, bottom: number}} other
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
