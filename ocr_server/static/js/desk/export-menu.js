// @ts-check
// The menu of what can be taken away: the document in any format, corrections in all of them.
import { keyHeaders } from "../lib/api-key.js";
import { joined, pageText } from "../lib/model.js";
import { announce, found, make, part } from "../lib/dom.js";
import { post } from "../lib/http.js";

/** @typedef {import("./desk.js").Desk} Desk @typedef {import("./draft.js").Draft} Draft @typedef {{name: string, suffix: string}} Format */

const WORDS = { text: "Text", pdf: "Searchable PDF", docx: "Word document", markdown: "Markdown", hocr: "hOCR", alto: "ALTO", tsv: "Table of words", json: "JSON", png: "Picture with boxes", "png,json": "Pictures" };
const SHOW_THE_PICTURE = ["pdf", "png"]; // which is not kept over a reload
const OWN = [{ name: "text", suffix: "txt" }, { name: "json", suffix: "json" }]; // made without the server
const PICTURES = "png,json"; // an archive: a picture shows one page
/** @type {Format[] | null} */
let known = null;

/** @param {Desk} desk @param {(text: string) => void} copyText */
export async function offerFormats(desk, copyText) {
  const { root, draft, page } = desk;
  const sheet = part(root, "formats");
  if (!draft || !page) return;
  known ??= await listFormats();
  const formats = (known ?? OWN).filter(({ name }) => draft.files.length || !SHOW_THE_PICTURE.includes(name));
  const several = draft.pages.length > 1;
  const which = /** @type {HTMLSelectElement} */ (make("select", { "aria-label": "Pages to take" }, make("option", {}, "All pages"), make("option", {}, `Page ${page.number} only`), make("option", {}, "Some pages")));
  const range = /** @type {HTMLInputElement} */ (make("input", { "aria-label": "Numbers of the pages, such as 1-3,7", placeholder: "1-3,7", autocomplete: "off", hidden: "" }));
  const chosen = [() => draft.pages, () => [page], () => draft.pages.filter(({ number }) => isNamed(range.value, number))];
  const pages = () => chosen[which.selectedIndex]();
  const text = () => pages().map(pageText).join("\n\n");

  /** @param {string} words @param {() => void} act @param {string} [aside] @param {string} [format] */
  function entry(words, act, aside = "", format = "") {
    const button = make("button", { type: "button", ...(format && { "data-format": format }) }, words, make("span", { class: "aside" }, aside));
    button.addEventListener("click", () => (pages().length ? act() : complain("This document has no page of these numbers. Write them like 1-3,7.")));
    return button;
  }
  /** @param {string} words */
  function complain(words) {
    sheet.querySelector(".hint")?.remove();
    sheet.prepend(make("p", { class: "hint" }, words));
    announce(words, "alert");
  }
  /** @param {string} name @param {string} suffix */
  async function take(name, suffix) {
    if (!draft) return;
    part(root, "downloads").removeAttribute("open");
    const only = pages().length < draft.pages.length ? ["", ` page ${page?.number}`, ` pages ${range.value.replace(/[^\d,-]/g, "")}`][which.selectedIndex] : "";
    try {
      save(await rendered(draft, name, pages()), `${stem(draft.name)}${only}.${suffix}`);
      if (!only) draft.saved = true;
      announce(`${WORDS[/** @type {keyof typeof WORDS} */ (name)] ?? "All"} saved.`);
    } catch (error) {
      part(root, "downloads").setAttribute("open", "");
      complain(/** @type {Error} */ (error).message);
      found(sheet, "button, select").focus();
    }
  }
  sheet.replaceChildren(
    ...(several ? [which, range] : []),
    ...(several ? [entry("Copy these pages", () => copyText(text()))] : []),
    entry("Copy without line breaks", () => copyText(joinLines(text()))),
    ...formats.map(({ name, suffix }) => entry(WORDS[/** @type {keyof typeof WORDS} */ (name)], () => (name === "png" && pages().length > 1 ? take(PICTURES, "zip") : take(name, suffix)), suffix, name)),
    entry("All of these", () => take(formats.map(({ name }) => name).join(), "zip"), "zip", "all"),
  );
  which.addEventListener("change", function ask() {
    range.hidden = which.selectedIndex < 2;
    if (!range.hidden) range.focus();
  });
  found(sheet, "button, select").focus();
}

/** Whether a page is among numbers and ranges such as 1-3,7. @param {string} text @param {number} number */
function isNamed(text, number) {
  return text.split(",").some(function has(part) {
    const [first, last = first] = part.split("-").map(Number);
    return first <= number && number <= last;
  });
}

/** One line for each paragraph; a hyphen at a line's end joins a word. @param {string} text */
function joinLines(text) {
  return text.split(/\n{2,}/).map((paragraph) => joined(paragraph.replace(/(\p{Ll})-\n(?=\p{Ll})/gu, "$1").split("\n"))).join("\n\n");
}

/** @returns {Promise<Format[] | null>} in the order in which they are wanted; none where the server does not answer */
async function listFormats() {
  const order = Object.keys(WORDS);
  const answer = await fetch("/v1/formats", { headers: keyHeaders() }).then((response) => response.json()).catch(() => null);
  /** @type {Format[] | undefined} */
  const formats = answer?.formats;
  return formats?.filter(({ name }) => order.includes(name)).sort((one, other) => order.indexOf(one.name) - order.indexOf(other.name)) ?? null;
}

/** @param {Draft} draft @param {string} format @param {import("../lib/model.js").Page[]} pages */
async function rendered(draft, format, pages) {
  if (format === "text") return new Blob([`${pages.map(pageText).join("\n\n")}\n`], { type: "text/plain" });
  const json = new Blob([JSON.stringify(draft.payload(pages))], { type: "application/json" });
  if (format === "json") return json;
  const form = new FormData();
  form.set("document", json, "document.json");
  for (const file of draft.files) form.append("file", file, file.name);
  form.set("format", format);
  const password = draft.fields.get("password");
  if (password) form.set("password", password);
  return (await post("/v1/render", form)).blob();
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = /** @type {HTMLAnchorElement} */ (make("a", { download: name }));
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {string} name */
function stem(name) {
  return name.replace(/\.[^.]{1,5}$/, "") || "text";
}
