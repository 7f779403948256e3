// @ts-check
// The files of this tab: one card each, read one after another, kept until forgotten.
import { Draft } from "../desk/draft.js";
import { keep, kept } from "../desk/history.js";
import { forgetPictures } from "../desk/page-images.js";
import { action, announce, found, loadStyles, part } from "../lib/dom.js";
import { canTrim } from "../lib/files.js";
import { asRefusal, readDocument, Refusal } from "../lib/http.js";
import { makeTeller } from "../lib/progress.js";
import { counted, tooLarge } from "../lib/quantities.js";
import { makeCard, putCard } from "./card.js";

/**
 * @typedef {import("./card.js").State} State
 * @typedef {{name: string, files: File[], card: HTMLElement, state: State, draft: Draft | null,
 *   stop: AbortController | null, password: string}} Item
 */

const BUSY = new Set([429, 503]);
const NO_PICTURE = new Set([415, 422]); // that could be cropped
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
  /** @type {Item[]} */
  let items = [];
  let busy = false;
  /**
   * What lies on the desk.
   * @type {Draft | null}
   */
  let shown = null;
  /** @type {Promise<ReturnType<typeof import("../desk/desk.js").enhance>> | null} */
  let desk = null;

  /** The desk, which nobody needs before the first file. */
  function comingDesk() {
    desk ??= Promise.all([import("../desk/desk.js"), loadStyles("desk")]).then(([{ enhance }]) =>
      enhance(deskRoot),
    );
    desk.catch(() => (desk = null)); // offline perhaps: it is asked for again when it is needed
    return desk;
  }
  /**
   * @param {string} name
   * @param {File[]} files of one document
   * @param {Draft | null} [draft]
   * @returns {Item}
   */
  function makeItem(name, files, draft = null) {
    const card = makeCard(name, files[0], {
      open: () => open(item).then(() => deskRoot.scrollIntoView()),
      retry: () => mayLose(item, AGAIN) && retry(item),
      cancel: () => cancel(item),
      forget: () => forget(item),
      trim: () => deeds.trim(item),
      unlock(password) {
        item.password = password;
        retry(item);
      },
    });
    /** @type {Item} */
    const item = { name, files, card, state: "waiting", draft, stop: null, password: "" };
    items.push(item);
    cards.append(card);
    return item;
  }

  /**
   * @param {Item} item
   * @param {State} state
   * @param {string} words
   * @param {number} [share]
   */
  function put(item, state, words, share) {
    item.state = state;
    main.dataset.state =
      state === "partial" ? "result" : state === "waiting" || state === "stopped" ? "idle" : state;
    const { draft, files } = item;
    putCard(item.card, state, words, {
      share,
      canOpen: Boolean(draft?.pages.length),
      canRetry: files.length > 0,
      canTrim: canTrim(files),
    });
    tellCount();
  }
  function tellCount() {
    root.hidden = !items.length;
    action(root, "forget-all").hidden = items.length < 2;
  }

  /** @param {Item} item */
  async function open(item) {
    const { draft, card } = item;
    if (!draft) return;
    shown = draft;
    for (const other of items) other.card.removeAttribute("aria-current");
    card.setAttribute("aria-current", "true");
    const there = await comingDesk();
    if (shown !== draft) return;
    there.show(draft);
    if (deskRoot.getBoundingClientRect().top < 0) deskRoot.scrollIntoView();
  }
  /** @param {Item} item */
  function retry(item) {
    put(item, "waiting", "Waiting");
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
    else if (item.state === "waiting") put(item, "stopped", "Stopped.");
  }
  /**
   * Has a lone picture cropped and turned by hand; whether it is to be read then.
   * @param {Item} item
   */
  async function trim(item) {
    if (!canTrim(item.files)) return false;
    const [{ trimmed }] = await Promise.all([
      import("./crop-dialog.js"),
      loadStyles("trimming"),
      loadStyles("corners"),
    ]);
    const file = await trimmed(item.files[0]).catch(function tell() {
      put(item, item.state, UNSHOWN);
      announce(`${item.name}: ${UNSHOWN}`, "alert");
    });
    if (file) item.files = [file];
    return Boolean(file);
  }
  /** @param {Item} item */
  async function forget(item) {
    const { draft } = item;
    if (!mayLose(item, "Forget this text and its corrections?")) return;
    item.stop?.abort();
    items = items.filter((other) => other !== item);
    item.card.remove();
    if (draft) forgetPictures(draft);
    if (draft && shown === draft) {
      shown = null;
      (await comingDesk()).hide();
    }
    tellCount();
    announce(`${item.name} is forgotten.`);
    const next = items.find((other) => other.draft?.pages.length);
    if (!shown && next) open(next);
    found(document, "#file").focus();
  }

  async function work() {
    if (busy) return;
    busy = true;
    for (let item; (item = items.find(({ state }) => state === "waiting"));) {
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
  async function read(item) {
    const chosen = fields();
    if (item.password) chosen.set("password", item.password);
    const begun = performance.now();
    const bytes = item.files.reduce((sum, file) => sum + file.size, 0);
    if (maxBytes && bytes > maxBytes)
      throw new Refusal({ status: 413, detail: tooLarge(bytes, maxBytes) });
    const stop = (item.stop = new AbortController());
    const { draft: before } = item; // stays until it is read anew
    const changes = before?.done.length;
    const draft = new Draft(item.name, item.files, chosen);
    if (!before?.pages.length) item.draft = draft;
    const teller = makeTeller(item, begun, put);
    announce(`Sending ${item.name}`);
    put(item, "uploading", "Sending", 0);
    comingDesk();
    try {
      const answer = await readDocument(draft.form(draft.files), {
        signal: stop.signal,
        onUpload: teller.upload,
        onEvent: take,
      });
      if (!items.includes(item)) return undefined;
      if (before?.done.length !== changes)
        return put(item, "stopped", "Its text was corrected meanwhile, and is kept.");
      if (before) forgetPictures(before);
      item.draft = draft;
      draft.finish(answer, performance.now() - begun);
      draft.addEventListener("grown", () => tellResult(item, draft));
      const others = items.some(({ state }) => state === "waiting");
      const isAtWork = Boolean(shown) && !part(deskRoot, "proof").hidden;
      if (shown === before || (shown !== draft && !isAtWork && (!shown || !others)))
        await open(item);
      tellResult(item, draft);
    } finally {
      teller.end();
    }
    return undefined;

    /** @param {any} event */
    function take(event) {
      if (event.event === "page") {
        draft.addPage(event.page);
        if (draft.pages.length === 1 && !shown) open(item);
      }
      teller.event(event);
    }
  }

  /**
   * @param {Item} item
   * @param {Draft} draft
   */
  function tellResult(item, draft) {
    const { pages, problems } = draft.document;
    const said = draft.summary;
    if (problems.length)
      put(
        item,
        "partial",
        `${pages.length} of ${counted(pages.length + problems.length, "page")} read.`,
      );
    else if (!draft.places.length) put(item, "empty", "No text was found.");
    else put(item, "result", said);
    announce(
      item.state === "result"
        ? `${item.name}: ${said}`
        : (part(item.card, "words").textContent ?? ""),
    );
  }

  /**
   * @param {Item} item
   * @param {unknown} thrown
   */
  async function fail(item, thrown) {
    if (item.stop?.signal.aborted) return put(item, "stopped", "Stopped.");
    const error = asRefusal(thrown);
    if (BUSY.has(error.status) && error.retryAfter) return waitAgain(item, error.retryAfter);
    const isLocked = error.code === "encrypted-document";
    const asked = item.password
      ? "That password does not open it."
      : "This PDF is protected by a password.";
    put(item, "error", isLocked ? asked : error.message);
    if (NO_PICTURE.has(error.status)) action(item.card, "trim").hidden = true;
    if (isLocked) {
      part(item.card, "secret").hidden = false;
      action(item.card, "retry").hidden = true;
      found(item.card, "[name=password]").focus();
    }
    if (error.code === "no-answer")
      window.addEventListener(
        "answered",
        () => item.state === "error" && item.draft?.saved && retry(item),
        { once: true },
      );
    announce(`${item.name}: ${part(item.card, "words").textContent}`, "alert");
    return undefined;
  }

  /**
   * @param {Item} item
   * @param {number} left seconds
   */
  async function waitAgain(item, left) {
    const stop = /** @type {AbortController} */ (item.stop);
    announce(`The server is busy – trying again in ${left} s.`);
    for (; left > 0 && !stop.signal.aborted; left -= 1) {
      put(item, "recognising", `The server is busy – trying again in ${left} s.`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    put(
      item,
      stop.signal.aborted ? "stopped" : "waiting",
      stop.signal.aborted ? "Stopped." : "Waiting",
    );
  }

  action(root, "forget-all").addEventListener("click", () => items.forEach(forget));
  const deeds = {
    forget,
    /** @param {Item} item */
    async trim(item) {
      if (!mayLose(item, AGAIN)) return;
      cancel(item);
      if (await trim(item)) retry(item);
    },
  };
  for (const [name, deed] of Object.entries(deeds))
    action(deskRoot, name).addEventListener("click", () =>
      items.filter(({ draft }) => draft === shown).forEach(deed),
    );
  window.addEventListener("beforeunload", function ask(event) {
    if (items.some(({ draft }) => draft && !draft.saved)) event.preventDefault();
  });
  window.addEventListener("pagehide", () =>
    keep(items.flatMap(({ draft }) => (draft?.pages.length ? [draft] : []))),
  );
  for (const draft of kept()) tellResult(makeItem(draft.name, [], draft), draft);
  main.dataset.state = "idle";
  const [came] = /** @type {PerformanceNavigationTiming[]} */ (
    performance.getEntriesByType("navigation")
  );
  const last = items[items.length - 1];
  if (last && came?.type !== "navigate")
    open(last).then(() => tellResult(last, /** @type {Draft} */ (last.draft)));

  return {
    get isBusy() {
      return busy;
    },
    /** @param {File[]} files each a document, or all together one */
    add(files, { together = false } = {}) {
      for (const group of together ? [files] : files.map((file) => [file]))
        put(makeItem(nameOf(group), group), "waiting", "Waiting");
      if (!shown) cards.lastElementChild?.scrollIntoView({ block: "nearest" });
      return work();
    },
  };
}

/** @param {File[]} files */
function nameOf([first, ...others]) {
  const name = first.name || "Pasted picture";
  return others.length ? `${name} and ${counted(others.length, "other")}` : name;
}
