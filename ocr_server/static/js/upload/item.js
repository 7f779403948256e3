// @ts-check
// One document of the queue: its files, how it fares, and the card that shows it.
// No `enhance`: its card is an element of its own.
import { action, announce, found, part } from "../lib/dom.js";
import { canTrim } from "../lib/files.js";
import { counted } from "../lib/quantities.js";
import { makeCard, putCard } from "./card.js";

/**
 * @typedef {import("../desk/draft.js").Draft} Draft
 * @typedef {import("../lib/http.js").Refusal} Refusal
 * @typedef {import("./card.js").Deeds} Deeds
 * @typedef {import("./card.js").State} State
 */

const NO_PICTURE = new Set([415, 422]); // that could be cropped

export class Item {
  /**
   * @param {File[]} files of one document
   * @param {{name?: string, draft?: Draft | null, deeds: (item: Item) => Deeds, onPut: (item: Item)
   *   => void}} how what the card's buttons do, and the listener of every change
   */
  constructor(files, { name = nameOf(files), draft = null, deeds, onPut }) {
    this.name = name;
    this.files = files;
    this.draft = draft;
    this.password = "";
    /** @type {State} */
    this.state = "waiting";
    /**
     * Ends its reading, while it is read.
     * @type {AbortController | null}
     */
    this.stop = null;
    this.card = makeCard(name, files[0], deeds(this));
    this.onPut = onPut;
  }

  get bytes() {
    return this.files.reduce((sum, file) => sum + file.size, 0);
  }

  /**
   * @param {State} state
   * @param {string} words
   * @param {number} [share]
   */
  put(state, words, share) {
    this.state = state;
    putCard(this.card, state, words, {
      share,
      canOpen: Boolean(this.draft?.pages.length),
      canRetry: this.files.length > 0,
      canTrim: canTrim(this.files),
    });
    this.onPut(this);
  }

  /** What came of it, as it stands now. */
  putResult() {
    if (!this.draft) return;
    const { places, summary } = this.draft;
    const { pages, problems } = this.draft.document;
    const all = counted(pages.length + problems.length, "page");
    if (problems.length) this.put("partial", `${pages.length} of ${all} read.`);
    else if (!places.length) this.put("empty", "No text was found.");
    else this.put("result", summary);
    announce(this.state === "result" ? `${this.name}: ${summary}` : this.#words);
  }

  /** @param {Refusal} error */
  putFailure(error) {
    const isLocked = error.code === "encrypted-document";
    const words = this.password
      ? "That password does not open it."
      : "This PDF is protected by a password.";
    this.put("error", isLocked ? words : error.message);
    if (NO_PICTURE.has(error.status)) action(this.card, "trim").hidden = true;
    if (isLocked) {
      part(this.card, "secret").hidden = false;
      action(this.card, "retry").hidden = true;
      found(this.card, "[name=password]").focus();
    }
    announce(`${this.name}: ${this.#words}`, "alert");
  }

  get #words() {
    return part(this.card, "words").textContent ?? "";
  }
}

/** @param {File[]} files */
function nameOf([first, ...others]) {
  const name = first.name || "Pasted picture";
  return others.length ? `${name} and ${counted(others.length, "other")}` : name;
}
