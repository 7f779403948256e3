// @ts-check
// The picture of a page: its file where a browser can show it, else drawn by the server.
// No `enhance`: it gives addresses, which others show.
import { isShowable } from "../lib/files.js";
import { post } from "../lib/http.js";

/** @typedef {import("./draft.js").Draft} Draft */

const MOST_DRAWN = 12; // pages of one document that the server draws for the strip

/** @type {WeakMap<Draft, Map<number, Promise<string | null>>>} */
const known = new WeakMap();

/**
 * A URL for an <img>, or null where nobody can draw it, who is asked again the next time.
 * @param {Draft} draft
 * @param {number} number
 * @returns {Promise<string | null>}
 */
export function pictureOf(draft, number) {
  const pages = known.get(draft) ?? new Map();
  known.set(draft, pages);
  if (!pages.has(number)) {
    pages.set(
      number,
      isShown(draft, number)
        ? Promise.resolve(URL.createObjectURL(draft.files[number - 1]))
        : drawn(draft, number, "picture"),
    );
    pages.get(number).then((/** @type {string | null} */ url) => url ?? pages.delete(number));
  }
  return pages.get(number);
}

/**
 * The page as it was made ready for reading; whoever takes the URL gives it back.
 * @param {Draft} draft
 * @param {number} number
 * @param {string} [without] stages
 */
export function preparedPictureOf(draft, number, without = "") {
  return drawn(draft, number, "picture/prepared", without);
}

/** @type {Promise<string | null>} */
let drawing = Promise.resolve(null);

/**
 * The same for the strip of pages, one after another; none where it would cost the server too much.
 * @param {Draft} draft
 * @param {number} number
 */
export function thumbnailOf(draft, number) {
  if (!isShown(draft, number) && draft.pages.length > MOST_DRAWN) return Promise.resolve(null);
  drawing = drawing.then(() => pictureOf(draft, number));
  return drawing;
}

/**
 * Gives the memory back.
 * @param {Draft} draft
 */
export async function forgetPictures(draft) {
  const pages = [...(known.get(draft)?.values() ?? [])];
  known.delete(draft);
  for (const url of await Promise.all(pages)) if (url) URL.revokeObjectURL(url);
}

/**
 * @param {Draft} draft
 * @param {number} number
 */
function isShown({ files }, number) {
  return number <= files.length && files.every(isShowable);
}

/**
 * @param {Draft} draft
 * @param {number} number
 * @param {string} path
 * @param {string} [without]
 */
async function drawn(draft, number, path, without) {
  if (!draft.files.length) return null;
  const form = draft.formFor(number);
  if (without) form.set("without", without);
  try {
    const response = await post(path, form);
    return URL.createObjectURL(await response.blob());
  } catch {
    return null;
  }
}
