// @ts-check
// A document in hand: pages as they come, corrections, undo and redo. Tells "grown" when pages have
// come or gone, "changed" of words, "replaced" of a page whose lines are others now.
// No `enhance`: it holds, and shows nothing.
import { trust } from "../lib/confidence.js";
import { languagesOf, lineText, pageText, placesOf } from "../lib/model.js";
import { counted, seconds } from "../lib/quantities.js";

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Place} Place
 * @typedef {import("../lib/model.js").Page} Page
 * @typedef {import("../lib/model.js").Zone} Zone
 * @typedef {import("../lib/model.js").OcrDocument} OcrDocument
 * @typedef {{undo: () => Word | null, redo: () => Word | null}} Change each gives the word to look
 *   at
 */

export class Draft extends EventTarget {
  /**
   * @param {string} name
   * @param {File[]} files which make one document
   * @param {FormData} [fields] what was chosen for its reading
   */
  constructor(name, files, fields = new FormData()) {
    super();
    this.name = name;
    this.files = files;
    this.fields = fields;
    /** @type {OcrDocument} */
    this.document = { pages: [], problems: [] };
    this.ms = 0;
    this.saved = true;
    this.sheets = 0; // pages of the files, read or not; a page's number says which of them it is
    /** @type {Change[]} */ this.done = [];
    /** @type {Change[]} */ this.undone = [];
  }

  get pages() {
    return this.document.pages;
  }

  /**
   * The words of all pages in reading order.
   * @returns {Place[]}
   */
  get places() {
    return this.pages.flatMap(placesOf);
  }

  get doubtful() {
    return this.places.filter((place) => trust(place.word) === "doubtful");
  }

  /** How much it is, how sure, and how long it took. */
  get summary() {
    const doubtful = this.doubtful.length;
    const parts = [counted(this.pages.length, "page"), counted(this.places.length, "word")];
    if (doubtful) parts.push(counted(doubtful, "doubtful", "doubtful"));
    parts.push(...languagesOf(this.pages));
    if (this.ms) parts.push(seconds(this.ms));
    return parts.join(", ");
  }

  get text() {
    return this.pages.map(pageText).join("\n\n");
  }

  /**
   * What the server needs to read files as this was read.
   * @param {File[]} files
   */
  form(files) {
    const form = new FormData();
    for (const [name, value] of this.fields) form.set(name, value);
    for (const file of files) form.append("file", file, file.name);
    return form;
  }

  /**
   * The same to look at a page once more.
   * @param {number} number
   */
  formFor(number) {
    const form = this.form(this.files);
    form.set("pages", String(number));
    return form;
  }

  /** @param {Page} page */
  addPage(page) {
    this.document.problems = this.document.problems.filter(
      (problem) => problem.page !== page.number,
    );
    const next = this.pages.findIndex((other) => other.number > page.number);
    this.pages.splice(next < 0 ? this.pages.length : next, 0, page);
    this.#count();
    this.dispatchEvent(new Event("grown"));
  }

  /**
   * @param {OcrDocument} document
   * @param {number} ms
   */
  finish(document, ms) {
    // What came page by page may have been corrected, moved or left out by now.
    this.document = { ...document, pages: this.pages.length ? this.pages : document.pages };
    this.ms = ms;
    this.#count();
    this.dispatchEvent(new Event("grown"));
  }

  /**
   * What a person says that words are; the same text means "it is right", none that it is no word.
   * @param {Word[]} words
   * @param {string} text
   */
  correct(words, text) {
    const before = words.map((word) => ({ ...word }));
    const after = words.map((word) => correctedTo(word, text));
    this.#do({ redo: () => this.#put(words, after), undo: () => this.#put(words, before) });
  }

  /**
   * Other lines for a page, of another reading of all of it perhaps.
   * @param {Page} page
   * @param {Zone[]} zones
   * @param {Word | null} [word] to look at then
   * @param {Page} [reading]
   */
  replace(page, zones, word = null, reading = page) {
    const before = { ...page };
    const { stages, quality, language } = reading;
    const after = { ...page, zones, stages, quality, language };
    const { ms } = this; // of the first reading
    const show = (/** @type {Page} */ state, /** @type {Word | null} */ seen) => {
      this.ms = state === after && reading !== page ? 0 : ms;
      const { zones, stages, quality, language } = state;
      Object.assign(page, { zones, stages, quality, language });
      this.saved = false;
      this.dispatchEvent(new CustomEvent("replaced", { detail: page }));
      return seen;
    };
    this.#do({ redo: () => show(after, word), undo: () => show(before, null) });
  }

  /**
   * Takes a page out of the document.
   * @param {Page} page
   */
  leaveOut(page) {
    const at = this.pages.indexOf(page);
    const without = () => this.pages.filter((other) => other !== page);
    this.#do({
      redo: () => this.#arrange(without()),
      undo: () => this.#arrange([...this.pages.slice(0, at), page, ...this.pages.slice(at)]),
    });
  }

  /**
   * Puts a page before the one that it follows, or after the one that follows it.
   * @param {Page} page
   * @param {1 | -1} by
   */
  move(page, by) {
    const step = (/** @type {number} */ way) => {
      const pages = this.pages.filter((other) => other !== page);
      pages.splice(this.pages.indexOf(page) + way, 0, page);
      return this.#arrange(pages);
    };
    this.#do({ redo: () => step(by), undo: () => step(-by) });
  }

  /**
   * Puts another reading's pages at the end; its files are known from now on.
   * @param {OcrDocument} document
   * @param {File[]} files
   */
  join(document, files) {
    const before = this.sheets;
    const pages = document.pages.map((page) => ({ ...page, number: before + page.number }));
    const problems = document.problems.map((problem) => ({
      ...problem,
      page: before + (problem.page ?? 1),
    }));
    this.files.push(...files); // which whoever gave them reads again, if it comes to that
    this.document.problems = [...this.document.problems, ...problems];
    this.#do({
      redo: () => this.#arrange([...this.pages, ...pages]),
      undo: () => this.#arrange(this.pages.filter((page) => !pages.includes(page))),
    });
    return pages;
  }

  /**
   * The word that came back, if it was one.
   * @param {"undo" | "redo"} how
   */
  step(how) {
    const [from, to] = how === "undo" ? [this.done, this.undone] : [this.undone, this.done];
    const change = from.pop();
    if (!change) return null;
    to.push(change);
    return change[how]();
  }

  /**
   * The document as it stands, each line's and page's text made anew from its words.
   * @param {Page[]} [chosen]
   */
  payload(chosen = this.pages) {
    const pages = chosen.map((page) => ({
      ...page,
      text: pageText(page),
      zones: page.zones.map((zone) => ({
        ...zone,
        ...(zone.lines && {
          lines: zone.lines.map((line) => ({
            ...line,
            text: lineText(line),
            words: line.words.filter((word) => word.text),
          })),
        }),
      })),
    }));
    const { engine, problems } = this.document;
    return {
      ...(engine && { engine: { ...engine, languages: engine.languages ?? [] } }),
      pages,
      text: pages.map((page) => page.text).join("\f"),
      problems,
    };
  }

  #count() {
    this.sheets = Math.max(
      this.sheets,
      ...this.pages.map(({ number }) => number),
      ...this.document.problems.map(({ page }) => page ?? 0),
    );
  }

  /** @param {Page[]} pages */
  #arrange(pages) {
    this.document.pages = pages;
    this.saved = false;
    this.#count();
    this.dispatchEvent(new Event("grown"));
    return null;
  }

  /** @param {Change} change */
  #do(change) {
    this.done.push(change);
    this.undone = [];
    change.redo();
  }

  /**
   * @param {Word[]} words
   * @param {Word[]} states
   */
  #put(words, states) {
    words.forEach(function put(word, at) {
      for (const key of Object.keys(word))
        if (!(key in states[at])) delete (/** @type {any} */ (word)[key]);
      Object.assign(word, states[at]);
    });
    this.saved = false;
    this.dispatchEvent(new CustomEvent("changed", { detail: words }));
    return words[0];
  }
}

/**
 * @param {Word} word
 * @param {string} text
 * @returns {Word}
 */
function correctedTo(word, text) {
  const was =
    text === word.text ? (word.corrected_from ?? null) : (word.corrected_from ?? word.text);
  return { ...word, text, checked: true, corrected_from: was };
}
