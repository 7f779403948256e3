// @ts-check
// A document in hand: pages as they come, corrections, undo and redo. Tells "grown" when pages have
// come or gone, "pictured" when a picture of one has come, "changed" of words, "replaced" of a page
// whose lines are others now.
// No `enhance`: it holds, and shows nothing.
import { trust } from "../lib/confidence.js";
import { isShowable } from "../lib/files.js";
import { languagesOf, lineText, pageText, pagesText, placesOf } from "../lib/model.js";
import { seconds } from "../lib/quantities.js";
import { _ } from "../lib/words.js";

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
    /**
     * Pictures of pages whose files a browser cannot show, by number.
     * @type {Map<number, Blob>}
     */
    this.pictures = new Map();
    this.ms = 0;
    this.total = 0; // pages that there are to read; 0 as long as nobody knows
    this.isEnded = false; // whether all of them were read, or could not be
    this.isRunning = false;
    this.job = ""; // the id of the server's job that reads it, if one does
    this.saved = true;
    this.sheets = 0; // pages of the files, read or not; a page's number says which of them it is
    /** @type {Set<Page>} */ this.leftOut = new Set();
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
    if (!this.#places) queueMicrotask(() => this.#forgetPlaces());
    return (this.#places ??= this.pages.flatMap(placesOf));
  }
  // Both are kept until something is told, or all has run.
  /** @type {Place[] | null} */ #places = null;
  /** @type {Place[] | null} */ #doubtful = null;

  #forgetPlaces() {
    this.#places = this.#doubtful = null;
  }

  /** @param {Event} event */
  dispatchEvent(event) {
    this.#forgetPlaces();
    return super.dispatchEvent(event);
  }

  get doubtful() {
    const { places } = this;
    return (this.#doubtful ??= places.filter(({ word }) => trust(word) === "doubtful"));
  }

  /** How much it is, how sure, and how long it took. */
  get summary() {
    const doubtful = this.doubtful.length;
    const parts = [
      this.share || _("{n} page|{n} pages", { n: this.pages.length }),
      _("{n} word|{n} words", { n: this.places.length }),
    ];
    if (doubtful) parts.push(_("{n} doubtful|{n} doubtful", { n: doubtful }));
    parts.push(...languagesOf(this.pages));
    if (this.ms) parts.push(seconds(this.ms));
    return parts.join(_(", "));
  }

  /** As long as pages are missing: how many there are, of how many. */
  get share() {
    const { length } = this.pages;
    if (this.isEnded || !this.total || length >= this.total) return "";
    return _("{read} of {n} page|{read} of {n} pages", { read: length, n: this.total });
  }

  /**
   * The numbers of the pages that are still to be read, as the server takes them; all where it is
   * empty, and so where only some were asked for.
   */
  get missing() {
    if (!this.total || this.fields.get("pages")) return "";
    const read = new Set([...this.pages, ...this.leftOut].map(({ number }) => number));
    return Array.from({ length: this.total }, (_, at) => at + 1)
      .filter((number) => !read.has(number))
      .join();
  }

  get text() {
    return pagesText(this.pages);
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
   * The same for pages whose pictures are still to come with the words.
   * @param {File[]} files
   */
  formWithPictures(files) {
    const form = this.form(files);
    if (!files.every(isShowable)) form.set("pictures", "true");
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
   * @param {number} number of its page
   * @param {Blob} picture
   */
  addPicture(number, picture) {
    this.pictures.set(number, picture);
    this.dispatchEvent(new Event("pictured"));
  }

  /**
   * @param {OcrDocument} document of the last, or only, part of its reading
   * @param {number} ms
   */
  finish({ engine, pages, problems }, ms) {
    const failed = new Set(problems.map(({ page }) => page));
    this.document = {
      engine,
      // What came page by page may have been corrected, moved or left out by now.
      pages: this.pages.length ? this.pages : pages,
      problems: [...this.document.problems.filter(({ page }) => !failed.has(page)), ...problems],
    };
    this.ms = ms;
    this.isEnded = true;
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
    this.act({ redo: () => this.#put(words, after), undo: () => this.#put(words, before) });
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
    const { stages, quality, language, corners } = reading;
    const after = { ...page, zones, stages, quality, language, corners };
    const { ms } = this; // of the first reading
    const show = (/** @type {Page} */ state, /** @type {Word | null} */ seen) => {
      this.ms = state === after && reading !== page ? 0 : ms;
      const { zones, stages, quality, language, corners } = state;
      Object.assign(page, { zones, stages, quality, language, corners });
      this.saved = false;
      this.dispatchEvent(new CustomEvent("replaced", { detail: page }));
      return seen;
    };
    this.act({ redo: () => show(after, word), undo: () => show(before, null) });
  }

  /**
   * Does something that can be undone.
   * @param {Change} change
   */
  act(change) {
    this.done.push(change);
    this.undone = [];
    change.redo();
  }

  /**
   * Other pages, or in another order.
   * @param {Page[]} pages
   */
  arrange(pages) {
    this.document.pages = pages;
    this.saved = false;
    this.#count();
    this.dispatchEvent(new Event("grown"));
    return null;
  }

  /**
   * Several changes that are undone as one.
   * @param {() => void} deeds
   */
  together(deeds) {
    const before = this.done.length;
    deeds();
    const parts = this.done.splice(before);
    if (!parts.length) return;
    const all = (/** @type {"undo" | "redo"} */ how) =>
      (how === "undo" ? [...parts].reverse() : parts).map((part) => part[how]()).find(Boolean) ??
      null;
    this.done.push({ undo: () => all("undo"), redo: () => all("redo") });
    this.dispatchEvent(new Event("grown")); // so that undo can be offered
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
    const pages = chosen.map(({ corners, ...page }) => ({
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
