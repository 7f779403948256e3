// @ts-check
// The reading of one document of the queue: sent, followed page by page, its result laid on the desk;
// one that was broken off goes on with the pages that are missing. Where the server keeps jobs it is
// one, which goes on whatever becomes of this page.
// No `enhance`: the item shows how it fares.
import { Draft } from "../desk/draft.js";
import { forgetPictures } from "../desk/page-images.js";
import { createJob, followJob, readDocument } from "../lib/document-stream.js";
import { announce } from "../lib/dom.js";
import { ask, Refusal } from "../lib/http.js";
import { followProgress } from "../lib/progress.js";
import { tooLarge } from "../lib/quantities.js";
import { _ } from "../lib/words.js";

/**
 * @typedef {import("./item.js").Item} Item
 * @typedef {{fields: FormData, maxBytes: number, hasJobs: boolean, desk:
 *   ReturnType<typeof import("./desk-loader.js").enhance>, open: (item: Item) => Promise<void>,
 *   adopt: (item: Item, draft: Draft) => void, isListed: () => boolean}} How what was chosen;
 *   `adopt`: a draft is made; `isListed`: whether it was not forgotten meanwhile
 */

const JOB_IS_GONE = new Set(["job-missing", "job-gone", "jobs-off"]);

/**
 * @param {Item} item
 * @param {How} how
 */
export async function readItem(item, how) {
  const { fields, maxBytes, hasJobs, desk, open, adopt, isListed } = how;
  const { draft: before } = item; // stays until it is read anew
  const begun = performance.now();
  if (maxBytes && !hasJobs && item.bytes > maxBytes)
    throw new Refusal({ code: "body-too-large", detail: tooLarge(item.bytes, maxBytes) });
  const { signal } = (item.stop = new AbortController());
  const goesOn = before && canGoOn(before, item);
  const draft = goesOn ? before : new Draft(item.name, item.files, fields);
  const changes = before?.done.length;
  if (item.password) draft.fields.set("password", item.password);
  if (!goesOn) adopt(item, draft);
  if (!before?.pages.length) item.draft = draft;
  const progress = followProgress(item, begun, item.put.bind(item));
  announce(_("Sending {name}", { name: item.name }));
  item.put("uploading", _("Sending"), 0);
  desk.load().catch(() => undefined); // it is loaded again when it is needed
  draft.isRunning = true;
  try {
    const answer = await (hasJobs ? readAsJob() : readAtOnce());
    if (!isListed()) return;
    if (before !== draft && before?.done.length !== changes) {
      item.put("stopped", _("Its text was corrected meanwhile, and is kept."));
      return;
    }
    if (before && before !== draft) forgetPictures(before);
    item.draft = draft;
    draft.isRunning = false;
    draft.finish(answer, performance.now() - begun);
    if (!desk.shown || desk.shown === before) await open(item);
    item.putResult();
    announce(`${item.name}: ${item.words}`);
  } finally {
    draft.isRunning = false;
    draft.dispatchEvent(new Event("halted"));
    if (signal.aborted) forgetJob(draft);
    progress.end();
  }

  function form() {
    const form = hasJobs ? draft.form(draft.files) : draft.formWithPictures(draft.files);
    if (goesOn) form.set("pages", draft.missing);
    return form;
  }
  function readAtOnce() {
    return readDocument(form(), {
      signal,
      onUpload: progress.upload,
      onEvent: take,
      isRest: Boolean(goesOn),
    });
  }
  async function readAsJob() {
    if (!draft.job) {
      draft.job = await createJob(form(), { signal, onUpload: progress.upload });
      draft.dispatchEvent(new Event("halted")); // so that its id is kept
    }
    const numbers = [...draft.pages, ...draft.leftOut].map(({ number }) => number);
    try {
      return await followJob(draft.job, Math.max(0, ...numbers), {
        signal,
        onEvent: take,
        isRest: numbers.length > 0,
      });
    } catch (error) {
      if (error instanceof Refusal && JOB_IS_GONE.has(error.code)) draft.job = "";
      throw error;
    }
  }
  /** @param {any} event */
  function take(event) {
    if (event.event === "accepted") {
      draft.total ||= event.pages;
      const done = draft.pages.length + draft.leftOut.size;
      return progress.event({ ...event, pages: draft.total, done });
    }
    if (event.event === "picture") return draft.addPicture(event.page, event.blob);
    if (event.event === "page") {
      draft.addPage(event.page);
      if (!desk.shown) open(item);
    }
    return progress.event(event);
  }
}

/**
 * Whether what is missing of a draft can be read by itself.
 * @param {Draft} draft
 * @param {Item} item
 */
function canGoOn(draft, item) {
  if (draft.isEnded || draft.files !== item.files) return false;
  return Boolean(draft.job || (draft.pages.length && draft.missing));
}

/** @param {Draft} draft */
export function forgetJob(draft) {
  if (draft.job) ask(`v1/jobs/${draft.job}`, { method: "DELETE" }).catch(() => undefined);
  draft.job = "";
}

/**
 * Counts the seconds until a busy server may be asked again; whether nobody has stopped it.
 * @param {Item} item
 * @param {number} left seconds
 */
export async function waitForServer(item, left) {
  const isStopped = () => item.stop?.signal.aborted ?? false;
  announce(_("The server is busy – trying again in {left} s.", { left }));
  for (; left > 0 && !isStopped(); left -= 1) {
    item.put("recognising", _("The server is busy – trying again in {left} s.", { left }));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return !isStopped();
}
