// @ts-check
// A document in hand: pages as they come, corrections, undo and redo. Tells "grown" and "changed".
import { lineText, pageText, placesOf, trust } from "./model.js";

/** @typedef {import("./model.js").Word} Word @typedef {import("./model.js").Place} Place */
/** @typedef {import("./model.js").Page} Page @typedef {import("./model.js").Line} Line @typedef {import("./model.js").Box} Box */
/** @typedef {{undo: () => Word | null, redo: () => Word | null}} Change */

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

  /** What a person says the word is; the same text means "it is right", none that it is no word. @param {Word} word @param {string} text */
  correct(word, text) {
    const corrected = text === word.text ? (word.corrected_from ?? null) : (word.corrected_from ?? word.text);
    const before = { ...word };
    const after = { ...word, text, checked: true, corrected_from: corrected };
    this.#do({ redo: () => this.#put(word, after), undo: () => this.#put(word, before) });
  }

  /** New lines for all that stands in a box; without any, nothing is changed. How many words came. @param {Page} page @param {Box} box @param {Line[]} lines */
  replaceInside(page, box, lines) {
    const before = page.zones;
    const after = withLinesInside(before, box, lines);
    const count = lines.reduce((sum, line) => sum + line.words.length, 0);
    if (!count) return 0;
    const show = (/** @type {Page["zones"]} */ zones) => {
      page.zones = zones;
      this.saved = false;
      this.dispatchEvent(new CustomEvent("replaced", { detail: page }));
      return null;
    };
    this.#do({ redo: () => show(after), undo: () => show(before) });
    return count;
  }

  /** The word that came back, if it was one. */
  undo() {
    const change = this.done.pop();
    if (!change) return null;
    this.undone.push(change);
    return change.undo();
  }

  redo() {
    const change = this.undone.pop();
    if (!change) return null;
    this.done.push(change);
    return change.redo();
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
            text: lineText(line),
            words: line.words.filter((word) => word.text),
          })),
        }),
      })),
    }));
    const { engine, problems } = this.document;
    return { ...(engine && { engine: { ...engine, languages: engine.languages ?? [] } }), pages, text: pages.map((page) => page.text).join("\f"), problems };
  }

  /** @param {Change} change */
  #do(change) {
    this.done.push(change);
    this.undone = [];
    change.redo();
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

/** Zones in which lines take the place of the words that stand in a box. @param {Page["zones"]} zones @param {Box} box @param {Line[]} lines */
function withLinesInside(zones, box, lines) {
  let put = false;
  const changed = zones.map((zone) => {
    /** @type {Line[]} */
    const kept = [];
    for (const line of zone.lines ?? []) {
      const words = line.words.filter((word) => !isInside(word, box));
      if (words.length < line.words.length && !put) {
        kept.push(...lines.map((fresh) => ({ ...fresh, paragraph: line.paragraph })));
        put = true;
      }
      if (words.length) kept.push(words.length < line.words.length ? { ...line, words } : line);
    }
    return { ...zone, ...(zone.lines && { lines: kept }) };
  });
  const [left, top, right, bottom] = box;
  const quad = /** @type {import("./model.js").Dot[]} */ ([[left, top], [right, top], [right, bottom], [left, bottom]]);
  return put ? changed : [...changed, { kind: "text", box, quad, lines }];
}

/** @param {Word} word @param {Box} box */
function isInside({ box: [left, top, right, bottom] }, [x0, y0, x1, y1]) {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return x >= x0 && x <= x1 && y >= y0 && y <= y1;
}
