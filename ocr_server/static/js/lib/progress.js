// @ts-check
// The words and the bar that show how far a file is read.
// No `enhance`: it gives the words, which others show.
import { announce } from "./dom.js";
import { seconds, size } from "./quantities.js";
import { _ } from "./words.js";

/** @typedef {"uploading" | "recognising"} State */

const SILENT_MS = 10_000; // between two announcements
const SLOW_MS = 3000; // after this the elapsed seconds are shown too

/**
 * Turns events into words, at most as often as they change.
 * @param {{stop: AbortController | null}} item what is read; nothing is told once it has no `stop`
 * @param {number} begun
 * @param {(state: State, words: string, share?: number) => void} put
 */
export function followProgress(item, begun, put) {
  let words = "";
  /** @type {number | undefined} */
  let share;
  let pages = 0;
  let done = 0;
  let quarter = 0;
  let isHalf = false;
  let said = 0;
  /**
   * Of the pages that are being read: the parts, and those that are done.
   * @type {Map<number, any>}
   */
  const running = new Map();
  const clock = setInterval(tell, 1000);

  /** @param {string} what */
  function say(what) {
    said = performance.now();
    announce(what);
  }
  function tell() {
    if (!words || !item.stop) return;
    const elapsed = performance.now() - begun;
    const shown =
      share === undefined ? words : `${words} – ${_("{n} %", { n: Math.round(share * 100) })}`;
    put("recognising", elapsed > SLOW_MS ? `${shown} – ${seconds(elapsed)}` : shown, share);
  }
  /**
   * What is done of all there is; a page that is read is looked through once more, which counts as
   * a part. One part alone is no share.
   */
  function count() {
    const steps = [...running.values()];
    if (pages < 2 && !steps.some(({ parts }) => parts > 1)) return undefined;
    return (
      (done + steps.reduce((sum, { parts, parts_done: read }) => sum + read / (parts + 1), 0)) /
      Math.max(1, pages)
    );
  }
  /** What is being done to a lone page. */
  function stage() {
    const [now] = running.values();
    if (!now || now.stage === "read") return _("Reading the text");
    return now.parts_done ? _("Looking again at what is doubtful") : _("Cleaning up the picture");
  }

  return {
    /**
     * @param {number} sent
     * @param {number} total
     */
    upload(sent, total) {
      if (!isHalf && sent >= total / 2 && sent < total) announce(_("Half of it is sent."));
      isHalf ||= sent >= total / 2;
      put(
        "uploading",
        _("Sending {part} of {all}", { part: size(sent), all: size(total) }),
        sent / total,
      );
    },
    /** @param {any} event */
    event(event) {
      if (event.event === "accepted") [pages, done] = [event.pages ?? 0, event.done ?? 0];
      if (event.event === "progress") running.set(event.page, event);
      if (event.event === "page" || event.event === "problem") {
        done += 1;
        running.delete(event.page?.number ?? event.page);
      }
      if (event.event === "end") return;
      const now =
        pages > 1 && done < pages
          ? _("Reading page {page} of {pages}", { page: done + 1, pages })
          : stage();
      share = count();
      const passed = Math.floor((share ?? 0) * 4);
      // Not every page: those who listen want to do something else meanwhile.
      const isDue = performance.now() - said > SILENT_MS || pages < 2 || !words;
      if (passed > quarter) say(`${now}, ${_("{n} %", { n: passed * 25 })}`);
      else if (now !== words && isDue) say(now);
      words = now;
      quarter = passed;
      tell();
    },
    end() {
      clearInterval(clock);
    },
  };
}
