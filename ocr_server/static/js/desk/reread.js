// @ts-check
// Reading something once more: a page that failed, or an area of one.
// No `enhance`: it asks the server, and changes the draft.
import { readDocument } from "../lib/document-stream.js";
import { announce } from "../lib/dom.js";
import { isShowable } from "../lib/files.js";
import { asRefusal } from "../lib/http.js";
import { _ } from "../lib/words.js";

/** @typedef {import("./draft.js").Draft} Draft */

/**
 * The page as it is read now, between the corners that it has unless others are given; none where
 * the server refuses, which is told.
 * @param {Draft} draft
 * @param {number} number
 * @param {Record<string, string>} [options]
 */
export async function read(draft, number, options = {}) {
  const form = draft.formFor(number);
  if (!draft.pictures.has(number) && !draft.files.every(isShowable)) form.set("pictures", "true");
  const page = draft.pages.find((one) => one.number === number);
  const own = options.zones ? "" : page?.corners; // of the whole page zones are told
  const { corners = own ?? "" } = options;
  for (const [name, value] of Object.entries({ ...options, corners })) form.set(name, value);
  try {
    const { pages, pictures } = await readDocument(form, { signal: new AbortController().signal });
    for (const [at, picture] of pictures ?? []) draft.addPicture(at, picture);
    return pages.length ? { ...pages[0], corners } : null;
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
