// @ts-check
// Reading something once more: a page that failed, or an area of one.
// No `enhance`: it asks the server, and changes the draft.
import { announce } from "../lib/dom.js";
import { isShowable } from "../lib/files.js";
import { asRefusal, readDocument } from "../lib/http.js";
import { _ } from "../lib/words.js";

/** @typedef {import("./draft.js").Draft} Draft */

/**
 * The corners between which pages are read, where that is not all of them, as the server takes them.
 * @type {WeakMap<import("../lib/model.js").Page, string>}
 */
const crops = new WeakMap();

/** @param {import("../lib/model.js").Page} page */
export function cropOf(page) {
  return crops.get(page) ?? "";
}

/**
 * @param {import("../lib/model.js").Page} page
 * @param {string} corners none for all of it
 */
export function keepCrop(page, corners) {
  crops.set(page, corners);
}

/**
 * The page as it is read now; none where the server refuses, which is told.
 * @param {Draft} draft
 * @param {number} number
 * @param {Record<string, string>} [options]
 */
export async function read(draft, number, options = {}) {
  const form = draft.formFor(number);
  if (!draft.pictures.has(number) && !draft.files.every(isShowable)) form.set("pictures", "true");
  const page = draft.pages.find((one) => one.number === number);
  const corners = options.zones || !page ? "" : cropOf(page); // of the whole page zones are told
  for (const [name, value] of Object.entries({ corners, ...options })) form.set(name, value);
  try {
    const { pages, pictures } = await readDocument(form, { signal: new AbortController().signal });
    for (const [at, picture] of pictures ?? []) draft.addPicture(at, picture);
    return pages[0];
  } catch (error) {
    announce(asRefusal(error).message, "alert");
    return null;
  }
}

/**
 * Puts a page that failed in its place; whether that went well.
 * @param {Draft} draft
 * @param {number} number
 */
export async function readPage(draft, number) {
  announce(_("Reading page {n} again.", { n: number }));
  const page = await read(draft, number);
  if (!page) return false;
  draft.addPage(page);
  announce(_("Page {n} is read.", { n: number }));
  return true;
}
