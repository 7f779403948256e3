// @ts-check
// The picture of a page: its file where a browser can show it, else drawn by the server.
import { post } from "./sending.js";

const SHOWABLE = /^image\/(png|jpeg|gif|webp|bmp|avif)$/;

/** @type {WeakMap<File[], Map<number, Promise<string | null>>>} */
const known = new WeakMap();

/** A URL for an <img>, or null where nobody can draw it. @param {File[]} files of one document @param {number} number @param {string} [password] */
export function pictureOf(files, number, password = "") {
  const pages = known.get(files) ?? new Map();
  known.set(files, pages);
  if (!pages.has(number)) {
    const shown = files.every((file) => SHOWABLE.test(file.type)) && files[number - 1];
    pages.set(number, shown ? Promise.resolve(URL.createObjectURL(shown)) : drawn(files, number, password));
  }
  return pages.get(number);
}

/** The page as it was made ready for reading; whoever takes the URL gives it back. @param {import("./draft.js").Draft} draft @param {number} number */
export function preparedPictureOf(draft, number) {
  return drawn(draft.files, number, draft.password, draft.fields, "/picture/prepared");
}

/** @param {File[]} files @param {number} number @param {string} password */
async function drawn(files, number, password, fields = new FormData(), path = "/picture") {
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name);
  for (const name of ["languages", "steps", "layout"]) if (fields.has(name)) form.set(name, /** @type {string} */ (fields.get(name)));
  form.set("pages", String(number));
  if (password) form.set("password", password);
  try {
    const response = await post(path, form);
    return URL.createObjectURL(await response.blob());
  } catch {
    return null;
  }
}

const MOST_DRAWN = 12; // pages of one document that the server draws for the strip

/** The same for the strip of pages, one after another; none where it would cost the server too much. @param {import("./draft.js").Draft} draft @param {number} number */
export function thumbnailOf(draft, number) {
  const { files, password, pages } = draft;
  const shown = files.every((file) => SHOWABLE.test(file.type)) && number <= files.length;
  if (!shown && pages.length > MOST_DRAWN) return Promise.resolve(null);
  drawing = drawing.then(() => pictureOf(files, number, password));
  return drawing;
}

/** @type {Promise<string | null>} */
let drawing = Promise.resolve(null);

/** Gives the memory back. @param {File[]} files */
export async function forgetPictures(files) {
  const pages = [...(known.get(files)?.values() ?? [])];
  known.delete(files);
  for (const url of await Promise.all(pages)) if (url) URL.revokeObjectURL(url);
}
