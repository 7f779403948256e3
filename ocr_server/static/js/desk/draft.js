// @ts-check
// A document in hand: pages as they come, corrections, undo and redo. Tells "grown" when pages have
// come or gone, "pictured" when a picture of one has come, "changed" of words, "replaced" of a page
// whose lines are others now.
// No `enhance`: it holds, and shows nothing.
import { trust } from "../lib/confidence.js";
import { isShowable } from "../lib/files.js";
import { languagesOf, lineText, pageText, placesOf } from "../lib/model.js";
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
    if (!this.#places) queueMicrotask(() => (this.#places = null));
    return (this.#places ??= this.pages.flatMap(placesOf));
  }
  /** @type {Place[] | null} */ #places = null; // kept until something is told, or all has run

  /** @param {Event} event */
  dispatchEvent(event) {
    this.#places = null;
    return super.dispatchEvent(event);
  }

  get doubtful() {
    return this.places.filter((place) => trust(place.word) === "doubtful");
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
   * Several changes that are undone as one.
   * @param {() => void} act
   */
  together(act) {
    const before = this.done.length;
    act();
    const parts = this.done.splice(before);
    if (!parts.length) return;
    const all = (/** @type {"undo" | "redo"} */ how) =>
      (how === "undo" ? [...parts].reverse() : parts).map((part) => part[how]()).find(Boolean) ??
      null;
    this.done.push({ undo: () => all("undo"), redo: () => all("redo") });
    this.dispatchEvent(new Event("grown")); // so that undo can be offered
  }

  /**
   * Takes a page out of the document.
   * @param {Page} page
   */
  leaveOut(page) {
    const at = this.pages.indexOf(page);
    const without = () => this.pages.filter((other) => other !== page);
    this.#do({
      redo: () => {
        this.leftOut.add(page);
        return this.#arrange(without());
      },
      undo: () => {
        this.leftOut.delete(page);
        return this.#arrange([...this.pages.slice(0, at), page, ...this.pages.slice(at)]);
      },
    });
  }

  /**
   * Moves a page by so many places, back or on.
   * @param {Page} page
   * @param {number} by
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
    for (const [number, picture] of document.pictures ?? [])
      this.addPicture(before + number, picture);
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
