// @ts-check
// What a person is told while a file is read, and when it is refused.
import { announce } from "./parts.js";
import { seconds, size } from "./wording.js";

/** @typedef {import("./queue.js").Item} Item @typedef {import("./queue.js").State} State @typedef {import("./sending.js").Refusal} Refusal */

const SLOW_MS = 3000; // after this the elapsed seconds are said too

/** Turns events into words, at most as often as they change. @param {Item} item @param {number} begun @param {(item: Item, state: State, words: string, share?: number) => void} put */
export function makeTeller(item, begun, put) {
  let words = "";
  /** @type {number | undefined} */
  let share;
  let pages = 0;
  let done = 0;
  const clock = setInterval(tell, 1000);
  function tell() {
    if (!words || !item.stop) return;
    const elapsed = performance.now() - begun;
    put(item, "recognising", elapsed > SLOW_MS ? `${words} – ${seconds(elapsed)}` : words, share);
  }
  return {
    /** @param {number} sent @param {number} total */
    upload(sent, total) {
      put(item, "uploading", `Sending ${size(sent)} of ${size(total)}`, sent / total);
    },
    /** @param {any} event */
    event(event) {
      if (event.event === "accepted") pages = event.pages ?? 0;
      if (event.event === "page" || event.event === "problem") done += 1;
      if (event.event === "end") return;
      const now = pages > 1 && done < pages ? `Reading page ${done + 1} of ${pages}` : "Reading the text";
      share = typeof event.share === "number" ? event.share : pages > 1 ? done / pages : undefined;
      if (now !== words) announce(now);
      words = now;
      tell();
    },
    end() {
      clearInterval(clock);
    },
  };
}

/** @param {Refusal} refusal @param {number} bytes @param {number} most */
export function sayRefusal(refusal, bytes, most) {
  if (refusal.status === 413 && bytes > most && most) return `That file is ${size(bytes)}; the limit is ${size(most)}.`;
  return refusal.message;
}
