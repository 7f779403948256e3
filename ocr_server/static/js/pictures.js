// @ts-check
// The picture of a page: the file itself where a browser can show it, else drawn by the server.
import { post } from "./sending.js";

const SHOWABLE = /^image\/(png|jpeg|gif|webp|bmp|avif)$/;

/** @type {WeakMap<Blob, Map<number, Promise<string | null>>>} */
const known = new WeakMap();

/** A URL for an <img>, or null where nobody can draw it. @param {Blob} file @param {number} number @param {string} [password] */
export function pictureOf(file, number, password = "") {
  const pages = known.get(file) ?? new Map();
  known.set(file, pages);
  if (!pages.has(number)) pages.set(number, SHOWABLE.test(file.type) && number === 1 ? Promise.resolve(URL.createObjectURL(file)) : drawn(file, number, password));
  return pages.get(number);
}

/** @param {Blob} file @param {number} number @param {string} password */
async function drawn(file, number, password) {
  const form = new FormData();
  form.set("file", file, "document");
  form.set("pages", String(number));
  if (password) form.set("password", password);
  try {
    const response = await post("/picture", form);
    return URL.createObjectURL(await response.blob());
  } catch {
    return null;
  }
}

/** Gives the memory back. @param {Blob} file */
export async function forgetPictures(file) {
  const pages = [...(known.get(file)?.values() ?? [])];
  known.delete(file);
  for (const url of await Promise.all(pages)) if (url) URL.revokeObjectURL(url);
}
