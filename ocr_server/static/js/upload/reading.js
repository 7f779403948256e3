// @ts-check
// The reading of one document of the queue: sent, followed page by page, its result laid on the desk.
// No `enhance`: the item shows how it fares.
import { Draft } from "../desk/draft.js";
import { forgetPictures } from "../desk/page-images.js";
import { announce } from "../lib/dom.js";
import { readDocument, Refusal } from "../lib/http.js";
import { followProgress } from "../lib/progress.js";
import { tooLarge } from "../lib/quantities.js";

/**
 * @typedef {import("./item.js").Item} Item
 * @typedef {{fields: FormData, maxBytes: number, desk:
 *   ReturnType<typeof import("./desk-loader.js").enhance>, open: (item: Item) => Promise<void>,
 *   isListed: () => boolean, isLast: () => boolean}} How what was chosen; `isListed`: whether it was
 *   not forgotten meanwhile; `isLast`: whether no other waits
 */

/**
 * @param {Item} item
 * @param {How} how
 */
export async function readItem(item, { fields, maxBytes, desk, open, isListed, isLast }) {
  if (item.password) fields.set("password", item.password);
  const begun = performance.now();
  if (maxBytes && item.bytes > maxBytes)
    throw new Refusal({ status: 413, detail: tooLarge(item.bytes, maxBytes) });
  const { signal } = (item.stop = new AbortController());
  const { draft: before } = item; // stays until it is read anew
  const changes = before?.done.length;
  const draft = new Draft(item.name, item.files, fields);
  if (!before?.pages.length) item.draft = draft;
  const progress = followProgress(item, begun, item.put.bind(item));
  announce(`Sending ${item.name}`);
  item.put("uploading", "Sending", 0);
  desk.load();
  try {
    const answer = await readDocument(draft.form(draft.files), {
      signal,
      onUpload: progress.upload,
      onEvent: take,
    });
    if (!isListed()) return;
    if (before?.done.length !== changes) {
      item.put("stopped", "Its text was corrected meanwhile, and is kept.");
      return;
    }
    if (before) forgetPictures(before);
    item.draft = draft;
    draft.finish(answer, performance.now() - begun);
    draft.addEventListener("grown", () => item.putResult());
    const { shown } = desk;
    if (shown === before || (shown !== draft && !desk.isAtWork && (!shown || isLast())))
      await open(item);
    item.putResult();
  } finally {
    progress.end();
  }

  /** @param {any} event */
  function take(event) {
    if (event.event === "page") {
      draft.addPage(event.page);
      if (draft.pages.length === 1 && !desk.shown) open(item);
    }
    progress.event(event);
  }
}

/**
 * Counts the seconds until a busy server may be asked again; whether nobody has stopped it.
 * @param {Item} item
 * @param {number} left seconds
 */
export async function waitForServer(item, left) {
  const isStopped = () => item.stop?.signal.aborted ?? false;
  announce(`The server is busy – trying again in ${left} s.`);
  for (; left > 0 && !isStopped(); left -= 1) {
    item.put("recognising", `The server is busy – trying again in ${left} s.`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return !isStopped();
}
