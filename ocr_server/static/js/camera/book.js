// @ts-check
// An open book: where its fold lies, and its two pages as pictures of their own.
// No `enhance`: it turns a picture into others.

const LOOKED_AT_PX = 200; // the fold is a shadow of several pixels even then
const PAPER = 0.8; // of a column's pixels are darker than its paper: print covers less
const SOUGHT = [0.35, 0.65]; // of the width
const LEAST_SHADOW = 8; // grey levels by which the fold is darker than the paper around it

/**
 * Where the fold of an open book lies, as a share of the width: the column whose paper is the
 * darkest about the middle, else the middle.
 * @param {{data: Uint8ClampedArray, width: number, height: number}} picture red, green, blue, alpha
 */
export function foldOf({ data, width, height }) {
  const papers = Array.from({ length: width }, function paperOf(_, x) {
    const column = Array.from({ length: height }, (_, y) => data[4 * (y * width + x) + 1]);
    return column.sort((one, other) => one - other)[Math.floor(PAPER * (height - 1))];
  });
  const [first, last] = SOUGHT.map((share) => Math.round(share * width));
  const middle = papers.slice(first, last);
  const darkest = Math.min(...middle);
  const usual = [...middle].sort((one, other) => one - other)[middle.length >> 1];
  if (usual - darkest < LEAST_SHADOW) return 0.5;
  const columns = middle.flatMap((paper, at) => (paper === darkest ? [first + at] : []));
  return (columns[columns.length >> 1] + 0.5) / width;
}

/**
 * The left and the right page.
 * @param {HTMLCanvasElement} book
 * @returns {HTMLCanvasElement[]}
 */
export function pagesOf(book) {
  const shrunk = pictureOf(book, 0, book.width, Math.min(1, LOOKED_AT_PX / book.width));
  const pen = shrunk.getContext("2d");
  if (!pen) return [book];
  const fold = Math.round(foldOf(pen.getImageData(0, 0, shrunk.width, shrunk.height)) * book.width);
  return [pictureOf(book, 0, fold), pictureOf(book, fold, book.width)];
}

/**
 * @param {HTMLCanvasElement} book
 * @param {number} left
 * @param {number} right
 * @param {number} [scale]
 */
function pictureOf(book, left, right, scale = 1) {
  const picture = document.createElement("canvas");
  picture.width = Math.max(1, Math.round((right - left) * scale));
  picture.height = Math.max(1, Math.round(book.height * scale));
  const { width, height } = picture;
  picture
    .getContext("2d")
    ?.drawImage(book, left, 0, right - left, book.height, 0, 0, width, height);
  return picture;
}
