// @ts-check
// The files of this tab: one card each, read one after another, kept until forgotten.
import { keep, kept } from "../desk/history.js";
import { forgetPictures } from "../desk/page-images.js";
import { action, announce, found, loadStyles, part } from "../lib/dom.js";
import { canTrim } from "../lib/files.js";
import { asRefusal } from "../lib/http.js";
import { enhance as enhanceDeskLoader } from "./desk-loader.js";
import { Item } from "./item.js";
import { readItem, waitForServer } from "./reading.js";

const BUSY = new Set([429, 503]);
const UNSHOWN = "This browser cannot show the picture, so it cannot be cropped or turned.";
const AGAIN = "Read it again and forget the corrections?";

/**
 * @param {HTMLElement} root
 * @param {{fields: () => FormData, trims?: () => boolean, maxBytes: number}} how `trims`: whether
 *   pictures are cropped by hand first
 */
export function enhance(root, { fields, trims, maxBytes }) {
  const main = found(document, "main");
  const deskRoot = found(document, "#desk");
  const cards = part(root, "cards");
  const desk = enhanceDeskLoader(deskRoot);
  /** @type {Item[]} */
  let items = [];
  let busy = false;

  /**
   * @param {File[]} files of one document
   * @param {import("../desk/draft.js").Draft} [draft] that was kept
   */
  function addItem(files, draft) {
    const item = new Item(files, {
      name: draft?.name,
      draft,
      deeds: (self) => ({
        open: () => open(self).then(() => deskRoot.scrollIntoView()),
        retry: () => mayLose(self, AGAIN) && retry(self),
        cancel: () => cancel(self),
        forget: () => forget(self),
        trim: () => trimAndRead(self),
        unlock(password) {
          self.password = password;
          retry(self);
        },
      }),
      onPut: tellState,
    });
    items.push(item);
    cards.append(item.card);
    return item;
  }
  /** @param {Item} item */
  function tellState({ state }) {
    const isIdle = state === "waiting" || state === "stopped";
    main.dataset.state = state === "partial" ? "result" : isIdle ? "idle" : state;
    tellCount();
  }
  function tellCount() {
    root.hidden = !items.length;
    action(root, "forget-all").hidden = items.length < 2;
  }

  /** @param {Item} item */
  async function open({ draft, card }) {
    if (!draft) return;
    for (const other of items) other.card.removeAttribute("aria-current");
    card.setAttribute("aria-current", "true");
    await desk.show(draft);
  }
  /** @param {Item} item */
  function retry(item) {
    item.put("waiting", "Waiting");
    work();
  }
  /**
   * Whether nobody minds that a text goes.
   * @param {Item} item
   * @param {string} question
   */
  function mayLose({ draft }, question) {
    return !draft || draft.saved || confirm(question);
  }
  /** @param {Item} item */
  function cancel(item) {
    if (item.stop) item.stop.abort();
    else if (item.state === "waiting") item.put("stopped", "Stopped.");
  }
  /**
   * Has a lone picture cropped and turned by hand; whether it is to be read then.
   * @param {Item} item
   */
  async function trim(item) {
    if (!canTrim(item.files)) return false;
    const [{ trimmed }] = await Promise.all([
      import("./crop-dialog.js"),
      loadStyles("crop-dialog"),
      loadStyles("corners"),
    ]);
    const file = await trimmed(item.files[0]).catch(function tell() {
      item.put(item.state, UNSHOWN);
      announce(`${item.name}: ${UNSHOWN}`, "alert");
    });
    if (file) item.files = [file];
    return Boolean(file);
  }
  /** @param {Item} item */
  async function trimAndRead(item) {
    if (!mayLose(item, AGAIN)) return;
    cancel(item);
    if (await trim(item)) retry(item);
  }
  /** @param {Item} item */
  async function forget(item) {
    const { draft } = item;
    if (!mayLose(item, "Forget this text and its corrections?")) return;
    item.stop?.abort();
    items = items.filter((other) => other !== item);
    item.card.remove();
    if (draft) forgetPictures(draft);
    if (draft && desk.shown === draft) await desk.clear();
    tellCount();
    announce(`${item.name} is forgotten.`);
    const next = items.find((other) => other.draft?.pages.length);
    if (!desk.shown && next) open(next);
    found(document, "#file").focus();
  }

  const nextWaiting = () => items.find(({ state }) => state === "waiting");
  async function work() {
    if (busy) return;
    busy = true;
    for (let item; (item = nextWaiting());) {
      try {
        if (trims?.() && !item.draft) await trim(item);
        await read(item);
      } catch (error) {
        await fail(item, error);
      } finally {
        item.stop = null;
      }
    }
    busy = false;
  }
  /** @param {Item} item */
  function read(item) {
    const isListed = () => items.includes(item);
    const isLast = () => !nextWaiting();
    return readItem(item, { fields: fields(), maxBytes, desk, open, isListed, isLast });
  }
  /**
   * @param {Item} item
   * @param {unknown} thrown
   */
  async function fail(item, thrown) {
    if (item.stop?.signal.aborted) return item.put("stopped", "Stopped.");
    const error = asRefusal(thrown);
    if (BUSY.has(error.status) && error.retryAfter) {
      if (await waitForServer(item, error.retryAfter)) return item.put("waiting", "Waiting");
      return item.put("stopped", "Stopped.");
    }
    item.putFailure(error);
    if (error.code !== "no-answer") return undefined;
    const readAgain = () => item.state === "error" && item.draft?.saved && retry(item);
    return window.addEventListener("answered", readAgain, { once: true });
  }

  action(root, "forget-all").addEventListener("click", () => items.forEach(forget));
  for (const [name, deed] of Object.entries({ forget, trim: trimAndRead }))
    action(deskRoot, name).addEventListener("click", () =>
      items.filter(({ draft }) => draft === desk.shown).forEach(deed),
    );
  window.addEventListener("beforeunload", function ask(event) {
    if (items.some(({ draft }) => draft && !draft.saved)) event.preventDefault();
  });
  window.addEventListener("pagehide", () =>
    keep(items.flatMap(({ draft }) => (draft?.pages.length ? [draft] : []))),
  );
  for (const draft of kept()) addItem([], draft).putResult();
  main.dataset.state = "idle";
  const [came] = /** @type {PerformanceNavigationTiming[]} */ (
    performance.getEntriesByType("navigation")
  );
  const last = items[items.length - 1];
  if (last && came?.type !== "navigate") open(last).then(() => last.putResult());

  return {
    get isBusy() {
      return busy;
    },
    /** @param {File[]} files each a document, or all together one */
    add(files, { together = false } = {}) {
      for (const group of together ? [files] : files.map((file) => [file]))
        addItem(group).put("waiting", "Waiting");
      if (!desk.shown) cards.lastElementChild?.scrollIntoView({ block: "nearest" });
      return work();
    },
  };
}
