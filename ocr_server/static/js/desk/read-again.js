// @ts-check
// Reading a page, or all of them, once more: in another language or layout, or by another engine.
import { readDocument } from "../lib/document-stream.js";
import { action, announce, found, part } from "../lib/dom.js";
import { asRefusal } from "../lib/http.js";
import { followProgress } from "../lib/progress.js";
import { _ } from "../lib/words.js";
import { read } from "./reread.js";

/** @typedef {import("../lib/model.js").Page} Page */

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root } = desk;
  const form = /** @type {HTMLFormElement} */ (part(root, "again"));
  const button = action(root, "read-again");
  /** @type {{stop: AbortController | null}} */
  const reading = { stop: null };

  /**
   * What is read otherwise than before.
   * @returns {Record<string, string>}
   */
  function chosen() {
    const fields = new FormData(form);
    return Object.fromEntries(
      ["languages", "layout", "engine"]
        .map((name) => [name, String(fields.get(name) ?? "")])
        .filter(([, value]) => value),
    );
  }
  /** @param {string} words */
  function say(words) {
    part(root, "summary").textContent = words;
  }
  /**
   * @param {import("./draft.js").Draft} draft
   * @param {Record<string, string>} options
   */
  async function readAll(draft, options) {
    const sent = draft.form(draft.files);
    for (const [name, value] of Object.entries(options)) sent.set(name, value);
    const stop = (reading.stop = new AbortController());
    const progress = followProgress(reading, performance.now(), (_, words) => say(words));
    try {
      const { pages } = await readDocument(sent, {
        signal: stop.signal,
        onUpload: progress.upload,
        onEvent: progress.event,
      });
      const own = new Map(draft.pages.map((page) => [page.number, page]));
      /** @type {{page: Page, fresh: Page}[]} */
      const readings = [];
      for (const whole of pages) {
        const page = own.get(whole.number);
        if (!page) continue;
        const fresh = page.corners ? await read(draft, page.number, options) : whole;
        stop.signal.throwIfAborted();
        if (fresh) readings.push({ page, fresh });
      }
      draft.together(function change() {
        for (const { page, fresh } of readings) draft.replace(page, fresh.zones, null, fresh);
      });
      return readings.length;
    } finally {
      progress.end();
      reading.stop = null;
    }
  }
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const { draft, page } = desk;
    if (reading.stop) return reading.stop.abort();
    if (!draft || !page) return undefined;
    const options = chosen();
    const isAll = new FormData(form).get("scope") === "all";
    announce(isAll ? _("Reading all pages again.") : _("Reading the page again."));
    button.textContent = isAll ? _("Stop") : _("Reading …");
    let count = 1;
    try {
      if (isAll) count = await readAll(draft, options);
      else {
        const fresh = await read(draft, page.number, options);
        if (!fresh) return undefined;
        draft.replace(page, fresh.zones, null, fresh);
      }
      for (const [name, value] of Object.entries(options))
        if (isAll || draft.pages.length === 1) draft.fields.set(name, value);
      part(root, "rereading").removeAttribute("open");
      announce(
        _(
          "{n} page read again; undo brings back what it was.|{n} pages read again; undo brings back what they were.",
          { n: count },
        ),
      );
      found(root, "[data-part=rereading] summary").focus();
    } catch (error) {
      if (isAll && /** @type {any} */ (error)?.name === "AbortError")
        announce(_("Stopped; nothing is changed."));
      else announce(asRefusal(error).message, "alert");
    } finally {
      button.textContent = _("Read");
      say(desk.draft?.summary ?? "");
    }
    return undefined;
  }
  form.addEventListener("submit", submit);
}
