// @ts-check
// One document of the queue: its files, how it fares, and the card that shows it.
// No `enhance`: its card is an element of its own.
import { action, announce, found, make, part } from "../lib/dom.js";
import { canTrim, isShowable } from "../lib/files.js";
import { bring } from "../lib/http.js";
import { _ } from "../lib/words.js";
import { makeCard, putCard } from "./card.js";

/**
 * @typedef {import("../desk/draft.js").Draft} Draft
 * @typedef {import("../lib/http.js").Refusal} Refusal
 * @typedef {import("./card.js").Deeds} Deeds
 * @typedef {import("./card.js").State} State
 * @typedef {{id?: string, name?: string, draft?: Draft | null, isHopeless?: boolean, isNoPicture?:
 *   boolean}} Kept what is known of an item already
 */

/** The states of what is still to be read. */
export const RUNS = new Set(["waiting", "uploading", "recognising"]);
const NO_PICTURE = new Set([415, 422]);

// Files that stay what they are, however often they are sent.
const NO_OTHER_END = new Set(["unsupported-format", "damaged-picture", "body-too-large"]);

export class Item {
  /**
   * @param {File[]} files of one document
   * @param {Kept & {deeds: (item: Item) => Deeds, onPut: (item: Item) => void}} how what the card's
   *   buttons do, and the listener of every change
   */
  constructor(files, { id = freshId(), name = nameOf(files), draft = null, ...how }) {
    const { isHopeless = false, isNoPicture = false, deeds, onPut } = how;
    this.id = id; // under which it is kept
    this.order = 0; // its place among the items
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
    this.words = "";
    this.isOpen = false; // on the desk
    this.isTaken = false; // by whoever reads
    this.isHopeless = isHopeless; // no other try would end otherwise
    this.isNoPicture = isNoPicture; // that could be cropped
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
    this.words = words;
    putCard(this.card, state, words, {
      share,
      canOpen: Boolean(this.draft?.pages.length),
      canRetry: this.bytes > 0 && !this.isHopeless,
      retryWords:
        this.draft?.pages.length && !this.draft.isEnded ? _("Read the rest") : _("Try again"),
      canTrim: canTrim(this.files) && !this.isNoPicture,
    });
    this.#showThumbnail();
    this.onPut(this);
  }

  /** Of a file that the browser cannot draw, once the picture of a page has come. */
  async #showThumbnail() {
    const { draft, files, card } = this;
    const number = draft?.pages[0]?.number ?? 0;
    if (!draft || files.every(isShowable) || card.querySelector(".thumbnail img")) return;
    if (!draft.pictures.has(number)) return;
    const { thumbnailOf } = await bring("desk/page-images", () => import("../desk/page-images.js"));
    const url = await thumbnailOf(draft, number);
    if (url) part(card, "thumbnail").replaceChildren(make("img", { src: url, alt: "" }));
  }

  /** What came of it, as it stands now. */
  putResult() {
    if (!this.draft) return;
    const { places, summary, isEnded, share } = this.draft;
    const { pages, problems } = this.draft.document;
    if (!isEnded) this.put("stopped", share ? _("{share} read.", { share }) : _("Stopped."));
    else if (problems.length) {
      const n = pages.length + problems.length;
      this.put(
        "partial",
        _("{read} of {n} page read.|{read} of {n} pages read.", { read: pages.length, n }),
      );
    } else if (!places.length) this.put("empty", _("No text was found."));
    else this.put("result", summary);
  }

  /** @param {Refusal} error */
  putFailure(error) {
    const isLocked = error.code === "encrypted-document";
    const words = this.password
      ? _("That password does not open it.")
      : _("This PDF is protected by a password.");
    this.isHopeless = NO_OTHER_END.has(error.code);
    this.isNoPicture = NO_PICTURE.has(error.status);
    this.put("error", isLocked ? words : error.message);
    if (isLocked) {
      part(this.card, "secret").hidden = false;
      action(this.card, "retry").hidden = true;
      found(this.card, "[name=password]").focus();
    }
    announce(`${this.name}: ${this.words}`, "alert");
  }
}

function freshId() {
  return crypto.getRandomValues(new Uint32Array(2)).join("-");
}

/** @param {File[]} files */
function nameOf([first, ...others]) {
  const name = first.name || _("Pasted picture");
  return others.length
    ? _("{name} and {n} other|{name} and {n} others", { name, n: others.length })
    : name;
}
