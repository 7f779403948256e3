// @ts-check
// A document as a file of any format, corrections and all, and how it is saved.
// No `enhance`: it makes files.
import { declarations } from "../lib/declarations.js";
import { make } from "../lib/dom.js";
import { post } from "../lib/http.js";
import { compactJson, pagesText } from "../lib/model.js";
import { recall, remember } from "../lib/storage.js";

/** @typedef {import("./draft.js").Draft} Draft */

const KEPT_MS = 600_000; // of a file that is saved; a browser may ask where to put it

/**
 * @param {Draft} draft
 * @param {string} format
 * @param {import("../lib/model.js").Page[]} pages
 */
export async function rendered(draft, format, pages) {
  if (format === "text") return new Blob([`${pagesText(pages)}\n`], { type: "text/plain" });
  const document = draft.payload(pages);
  if (format === "json") return jsonFile(JSON.stringify(document));
  const form = new FormData();
  form.set("document", await packed(jsonFile(compactJson(document))), "document.json");
  const showsPictures = declarations.formats.some(
    ({ name, shows_pictures: shows }) => shows && format.split(",").includes(name),
  );
  for (const file of showsPictures ? draft.files : []) form.append("file", file, file.name);
  form.set("format", format);
  const password = draft.fields.get("password");
  if (password) form.set("password", password);
  return (await post("v1/render", form)).blob();
}

/** @param {string} json */
const jsonFile = (json) => new Blob([json], { type: "application/json" });

/**
 * The file packed with gzip, to a tenth of its bytes, where the browser can.
 * @param {Blob} file
 */
async function packed(file) {
  if (!("CompressionStream" in globalThis)) return file;
  const stream = file.stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(stream, { headers: { "Content-Type": "application/gzip" } }).blob();
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const link = /** @type {HTMLAnchorElement} */ (make("a", { download: name }));
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}

/** @param {string} name */
export function stem(name) {
  return name.replace(/\.[^.]{1,5}$/, "") || "text";
}

/** @param {string} format the one that was taken, which is offered first from now on */
export function remembered(format) {
  remember("format", format);
}

/**
 * @template {{name: string}} T
 * @param {T[]} formats
 */
export function lastFirst(formats) {
  const last = recall("format", "");
  return [
    ...formats.filter(({ name }) => name === last),
    ...formats.filter(({ name }) => name !== last),
  ];
}
