// @ts-check
// The menu of what can be taken away: the document in any format, corrections in all of them.
// No `enhance`: the menu is drawn anew whenever it opens.
import { declarations } from "../lib/declarations.js";
import { announce, found, make, part } from "../lib/dom.js";
import { post } from "../lib/http.js";
import { isConfirmed, pageText } from "../lib/model.js";
import { joinParagraphs } from "./line-join.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./draft.js").Draft} Draft
 * @typedef {import("../lib/declarations.js").Format} Format
 */

/**
 * @param {Desk} desk
 * @param {(text: string) => void} copyText
 */
export function drawExportMenu(desk, copyText) {
  const { root, draft, page } = desk;
  const sheet = part(root, "formats");
  if (!draft || !page) return;
  const confirmed = draft.pages.some(hasConfirmed);
  // Pictures are not kept over a reload.
  const formats = declarations.formats.filter(
    (one) => (draft.files.length || !one.shows_pictures) && (confirmed || !one.needs_confirmed),
  );
  const several = draft.pages.length > 1;
  const which = /** @type {HTMLSelectElement} */ (
    make(
      "select",
      { "aria-label": "Pages to take" },
      make("option", {}, "All pages"),
      make("option", {}, `Page ${page.number} only`),
      make("option", {}, "Some pages"),
    )
  );
  const range = /** @type {HTMLInputElement} */ (
    make("input", {
      "aria-label": "Numbers of the pages, such as 1-3,7",
      placeholder: "1-3,7",
      autocomplete: "off",
      hidden: "",
    })
  );
  const chosen = [
    () => draft.pages,
    () => [page],
    () => draft.pages.filter(({ number }) => isNamed(range.value, number)),
  ];
  const pages = () => chosen[which.selectedIndex]();
  const text = () => pages().map(pageText).join("\n\n");
  /** Names of the formats that the chosen pages can have. */
  const all = () =>
    formats
      .filter((one) => !one.needs_confirmed || pages().some(hasConfirmed))
      .map(({ name }) => name);

  /**
   * @param {string} words
   * @param {() => void} act
   * @param {string} [aside]
   * @param {string} [format]
   */
  function entry(words, act, aside = "", format = "") {
    const button = make(
      "button",
      { type: "button", ...(format && { "data-format": format }) },
      words,
      make("span", { class: "aside" }, aside),
    );
    button.addEventListener("click", () =>
      pages().length
        ? act()
        : complain("This document has no page of these numbers. Write them like 1-3,7."),
    );
    return button;
  }
  /** @param {string} words */
  function complain(words) {
    sheet.querySelector(".hint")?.remove();
    sheet.prepend(make("p", { class: "hint" }, words));
    announce(words, "alert");
  }
  /** @param {Format} format */
  function downloadFormat({ name, label, suffix, one_page_each: isPageEach }) {
    // A file for each page is an archive, with the places of the words beside the pictures.
    if (isPageEach && pages().length > 1) download(`${name},json`, "zip", label);
    else download(name, suffix, label);
  }
  /**
   * @param {string} name of the format, or several parted by commas
   * @param {string} suffix
   * @param {string} label
   */
  async function download(name, suffix, label) {
    if (!draft) return;
    part(root, "downloads").removeAttribute("open");
    const only =
      pages().length < draft.pages.length
        ? ["", ` page ${page?.number}`, ` pages ${range.value.replace(/[^\d,-]/g, "")}`][
            which.selectedIndex
          ]
        : "";
    try {
      save(await rendered(draft, name, pages()), `${stem(draft.name)}${only}.${suffix}`);
      if (!only) draft.saved = true;
      announce(`${label} saved.`);
    } catch (error) {
      part(root, "downloads").setAttribute("open", "");
      complain(/** @type {Error} */ (error).message);
      found(sheet, "button, select").focus();
    }
  }
  sheet.replaceChildren(
    ...(several ? [which, range] : []),
    ...(several ? [entry("Copy these pages", () => copyText(text()))] : []),
    entry("Copy without line breaks", () => copyText(joinParagraphs(text()))),
    ...formats.map((format) =>
      entry(format.label, () => downloadFormat(format), format.suffix, format.name),
    ),
    entry("All of these", () => download(all().join(), "zip", "All"), "zip", "all"),
  );
  which.addEventListener("change", function ask() {
    range.hidden = which.selectedIndex < 2;
    if (!range.hidden) range.focus();
  });
  found(sheet, "button, select").focus();
}

/** @param {import("../lib/model.js").Page} page */
function hasConfirmed({ zones }) {
  return zones.some(({ lines = [] }) => lines.some(isConfirmed));
}

/**
 * Whether a page is among numbers and ranges such as 1-3,7.
 * @param {string} text
 * @param {number} number
 */
function isNamed(text, number) {
  return text.split(",").some(function has(part) {
    const [first, last = first] = part.split("-").map(Number);
    return first <= number && number <= last;
  });
}

/**
 * @param {Draft} draft
 * @param {string} format
 * @param {import("../lib/model.js").Page[]} pages
 */
async function rendered(draft, format, pages) {
  if (format === "text")
    return new Blob([`${pages.map(pageText).join("\n\n")}\n`], { type: "text/plain" });
  const json = new Blob([JSON.stringify(draft.payload(pages))], { type: "application/json" });
  if (format === "json") return json;
  const form = new FormData();
  form.set("document", json, "document.json");
  for (const file of draft.files) form.append("file", file, file.name);
  form.set("format", format);
  const password = draft.fields.get("password");
  if (password) form.set("password", password);
  return (await post("v1/render", form)).blob();
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
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
