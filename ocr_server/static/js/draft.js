// @ts-check
// A document in hand: pages as they come, corrections, undo and redo. Tells "grown" and "changed".
import { pageText, placesOf, trust } from "./model.js";

/** @typedef {import("./model.js").Word} Word @typedef {import("./model.js").Place} Place */
/** @typedef {{word: Word, before: Word, after: Word}} Change */

export class Draft extends EventTarget {
  /** @param {string} name @param {File[]} files which make one document */
  constructor(name, files) {
    super();
    this.name = name;
    this.files = files;
    /** @type {import("./model.js").OcrDocument} */
    this.document = { pages: [], problems: [] };
    this.password = "";
    /** What was chosen for its reading. */
    this.fields = new FormData();
    this.ms = 0;
    this.saved = true;
    /** @type {Change[]} */ this.done = [];
    /** @type {Change[]} */ this.undone = [];
  }

  get pages() {
    return this.document.pages;
  }

  /** The words of all pages in reading order. @returns {Place[]} */
  get places() {
    return this.pages.flatMap(placesOf);
  }

  get doubtful() {
    return this.places.filter((place) => trust(place.word) === "doubtful");
  }

  get text() {
    return this.pages.map(pageText).join("\n\n");
  }

  /** @param {import("./model.js").Page} page */
  addPage(page) {
    this.pages.push(page);
    this.pages.sort((one, other) => one.number - other.number);
    this.#tell("grown");
  }

  /** @param {import("./model.js").OcrDocument} document @param {number} ms */
  finish(document, ms) {
    const known = new Map(this.pages.map((page) => [page.number, page]));
    const pages = document.pages.map((page) => known.get(page.number) ?? page);
    this.document = { ...document, pages };
    this.ms = ms;
    this.#tell("grown");
  }

  /** What a person says the word is; the same text means "it is right". @param {Word} word @param {string} text */
  correct(word, text) {
    const corrected = text === word.text ? (word.corrected_from ?? null) : (word.corrected_from ?? word.text);
    const after = { ...word, text, checked: true, corrected_from: corrected };
    this.done.push({ word, before: { ...word }, after });
    this.undone = [];
    Object.assign(word, after);
    this.#changed(word);
  }

  undo() {
    const change = this.done.pop();
    if (!change) return null;
    this.undone.push(change);
    return this.#put(change.word, change.before);
  }

  redo() {
    const change = this.undone.pop();
    if (!change) return null;
    this.done.push(change);
    return this.#put(change.word, change.after);
  }

  /** The document as it stands, each line's and page's text made anew from its words. */
  toJSON() {
    const pages = this.pages.map((page) => ({
      ...page,
      text: pageText(page),
      zones: page.zones.map((zone) => ({
        ...zone,
        ...(zone.lines && {
          lines: zone.lines.map((line) => ({
            ...line,
            text: line.words.map((word) => word.text).join(" "),
          })),
        }),
      })),
    }));
    return { ...this.document, pages, text: pages.map((page) => page.text).join("\f") };
  }

  /** @param {Word} word @param {Word} state */
  #put(word, state) {
    for (const key of Object.keys(word)) if (!(key in state)) delete (/** @type {any} */ (word)[key]);
    Object.assign(word, state);
    this.#changed(word);
    return word;
  }

  /** @param {Word} word */
  #changed(word) {
    this.saved = false;
    this.dispatchEvent(new CustomEvent("changed", { detail: word }));
  }

  /** @param {string} what */
  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}
