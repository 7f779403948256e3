// @ts-check
// Pure. What the server answers, and the text that it makes.

import { _, language as pagesLanguage, tagOf } from "./words.js";

/**
 * @typedef {import("./answers.js").Engine} Engine
 * @typedef {import("./answers.js").Line} Line
 * @typedef {import("./answers.js").Page & {corners?: string}} Page `corners`: between which it was
 *   read, as the server takes them, where that is not all of it
 * @typedef {import("./answers.js").Stage} Stage
 * @typedef {import("./answers.js").Word} Word
 * @typedef {import("./answers.js").Zone} Zone
 */

/**
 * @typedef {{page?: number | null, code: string, title: string, detail: string}} PageProblem of a
 *   page, or of the whole document
 * @typedef {{engine?: Engine, pages: Page[], problems: PageProblem[], pictures?: Map<number,
 *   Blob>}} OcrDocument `pictures`: those of pages that came with the words
 * @typedef {{page: Page, zone: Zone, line: Line, word: Word}} Place a word and where it stands
 */

/**
 * @param {Page} page
 * @returns {Place[]}
 */
export function placesOf(page) {
  return page.zones.flatMap((zone) =>
    (zone.lines ?? []).flatMap((line) =>
      (line.words ?? []).filter((word) => word.text).map((word) => ({ page, zone, line, word })),
    ),
  );
}

/**
 * The lines of a zone, grouped by paragraph.
 * @param {Zone} zone
 * @returns {Line[][]}
 */
export function paragraphsOf(zone) {
  /** @type {Line[][]} */
  const groups = [];
  let last;
  for (const line of zone.lines ?? []) {
    if (!groups.length || line.paragraph !== last) groups.push([]);
    groups[groups.length - 1].push(line);
    last = line.paragraph;
  }
  return groups;
}

// Kana, ideographs and full-width forms, between which no blank stands, as the server has it.
const IDEOGRAPH = "[\\u2e80-\\u9fff\\uf900-\\ufaff\\uff00-\\uffef\\u{20000}-\\u{3ffff}]";
const UNDIVIDED = new RegExp(`${IDEOGRAPH}\n${IDEOGRAPH}`, "u");

/**
 * What stands between two texts of a line.
 * @param {string} before
 * @param {string} after
 */
export function gapOf(before, after) {
  return UNDIVIDED.test(`${before}\n${after}`) ? "" : " ";
}

/**
 * Texts as one line.
 * @param {string[]} texts
 */
export function joined(texts) {
  return texts.map((text, at) => (at ? gapOf(texts[at - 1], text) + text : text)).join("");
}

/** @param {Line} line */
export function lineText(line) {
  return joined((line.words ?? []).map((word) => word.text).filter(Boolean));
}

/**
 * Whether a person has checked each word of a line.
 * @param {Line} line
 */
export function isConfirmed({ words = [] }) {
  return words.length > 0 && words.every(({ checked }) => checked);
}

/**
 * Whether pages have what a format needs.
 * @param {Page[]} pages
 * @param {import("./declarations.js").Format} format
 */
export function suits(pages, { needs }) {
  const has = { "": () => true, tables: hasTable, confirmed: hasConfirmed }[needs];
  return pages.some(has);
}

/** @param {Page} page */
function hasTable({ zones }) {
  return zones.some(({ kind }) => kind === "table");
}

/** @param {Page} page */
function hasConfirmed({ zones }) {
  return zones.some(({ lines = [] }) => lines.some(isConfirmed));
}

/**
 * The text of a page, each line by itself unless they are joined otherwise; rows of tables always.
 * @param {Page} page
 * @param {(lines: string[]) => string} join
 */
export function pageText(page, join = (lines) => lines.join("\n")) {
  return page.zones
    .filter((zone) => zone.lines?.length)
    .map((zone) =>
      zone.table
        ? (zone.lines ?? []).map(lineText).join("\n")
        : paragraphsOf(zone)
            .map((lines) => join(lines.map(lineText)))
            .join("\n\n"),
    )
    .join("\n\n");
}

/**
 * The text of pages, as `pageText` has that of each.
 * @param {Page[]} pages
 * @param {(lines: string[]) => string} [join]
 */
export function pagesText(pages, join) {
  return pages.map((page) => pageText(page, join)).join("\n\n");
}

/**
 * The names of the languages that were found on the pages, with a remark on those not sure.
 * @param {Page[]} pages
 */
export function languagesOf(pages) {
  const names = pages.map(({ language }) => {
    if (!language) return "";
    const name = nameOf(language);
    return language.sure ? name : _("{name} (unsure)", { name });
  });
  return [...new Set(names)].filter(Boolean);
}

/** @param {import("./answers.js").PageLanguage} found */
function nameOf({ codes, name }) {
  if (pagesLanguage === "en") return name;
  const names = new Intl.DisplayNames([pagesLanguage], { type: "language" });
  return codes.map((code) => names.of(tagOf(code))).join(", ");
}

/**
 * A document as JSON for the server, without what that makes anew: texts and paragraphs of what has
 * words, and of box and quad the one that follows from the other.
 * @param {object} document
 */
export function compactJson(document) {
  return JSON.stringify(document, function compact(key, value) {
    if (key === "paragraphs") return undefined;
    if (!value || typeof value !== "object") return value;
    const { text, ...rest } = value;
    const found = rest.words || rest.lines || rest.zones || rest.pages ? rest : value;
    if (!found.box || !found.quad) return found;
    const { box, quad, ...others } = found;
    const [left, top, right, bottom] = box;
    const level = [left, top, right, top, right, bottom, left, bottom];
    return `${quad}` === `${level}` ? { box, ...others } : { quad, ...others };
  });
}
