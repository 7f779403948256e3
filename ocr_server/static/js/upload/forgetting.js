// @ts-check
// Files that are forgotten: they are gone at once, and come back by Undo until the next deed.
import { action, announce, make, part } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { _ } from "../lib/words.js";
import { RUNS } from "./item.js";
import { forget as forgetKept } from "./keeping.js";

/** @typedef {import("./item.js").Item} Item */

/**
 * @param {HTMLElement} root the queue
 * @param {{items: Item[], tell: () => void, desk: ReturnType<typeof
 *   import("./desk-loader.js").enhance>, open: (item: Item) => Promise<void>}} queue `items`: in the
 *   order of their cards; `tell`: there may be none left
 */
export function enhance(root, queue) {
  const { desk, open } = queue;
  const cards = part(root, "cards");
  const strip = part(root, "strip");
  /**
   * What was forgotten last, and can come back.
   * @type {{items: Item[], before: Item[], notice: HTMLElement} | null}
   */
  let gone = null;

  /**
   * Takes items away, with a way to take that back.
   * @param {Item[]} chosen
   */
  async function forget(chosen) {
    if (!chosen.length) return;
    end();
    const words = _("{name} is forgotten.|{n} files are forgotten.", {
      name: chosen[0].name,
      n: chosen.length,
    });
    const button = make("button", { type: "button", class: "link" }, _("Undo"));
    button.addEventListener("click", bringBack);
    const notice = make("li", { class: "gone" }, words, button);
    gone = { items: chosen, before: queue.items, notice };
    chosen[0].card.before(notice);
    const shown = chosen.find(({ draft }) => draft && draft === desk.shown);
    root.append(strip);
    for (const item of chosen) {
      item.stop?.abort();
      item.card.remove();
      const { draft } = item;
      if (draft?.job)
        bring("upload/reading", () => import("./reading.js")).then(({ forgetJob }) =>
          forgetJob(draft),
        );
      forgetKept(item);
    }
    queue.items = queue.items.filter((item) => !chosen.includes(item));
    announce(words);
    if (shown) await desk.clear();
    const next = queue.items.find(({ draft }) => draft?.pages.length);
    if (!desk.shown && next) await open(next);
    else if (desk.shown) cards.querySelector("[aria-current]")?.append(strip);
    button.focus();
  }
  function bringBack() {
    if (!gone) return;
    const { items: back, before, notice } = gone;
    gone = null;
    notice.remove();
    for (const item of back) {
      item.order = 0; // so that it is kept anew
      if (RUNS.has(item.state)) item.put("stopped", _("Stopped."));
    }
    const added = queue.items.filter((item) => !before.includes(item));
    queue.items = [...before, ...added];
    cards.append(...queue.items.map(({ card }) => card));
    announce(_("{name} is back.|They are back.", { name: back[0].name, n: back.length }));
    const opened = back.find(({ draft }) => draft?.pages.length);
    if (opened) open(opened);
    action(back[0].card, "forget").focus();
  }
  /** What was forgotten does not come back any more. */
  function end() {
    if (!gone) return;
    for (const { draft } of gone.items)
      if (draft)
        bring("desk/page-images", () => import("../desk/page-images.js")).then(
          ({ forgetPictures }) => forgetPictures(draft),
        );
    gone.notice.remove();
    gone = null;
    queue.tell();
  }

  return {
    forget,
    end,
    /** Whether something can come back. */
    get isOffered() {
      return Boolean(gone);
    },
  };
}
