// @ts-check
// The files of this tab: one card each, read one after another, kept until forgotten.
import { Draft } from "./draft.js";
import { action, announce, found, part } from "./parts.js";
import { forgetPictures } from "./pictures.js";
import { readDocument, Refusal } from "./sending.js";
import { makeTeller, sayRefusal } from "./telling.js";
import { counted, summary } from "./wording.js";

/** @typedef {"waiting" | "uploading" | "recognising" | "result" | "partial" | "empty" | "error" | "stopped"} State */
/** @typedef {{name: string, files: File[], card: HTMLElement, state: State, draft: Draft | null, stop: AbortController | null, password: string}} Item */

const BUSY = new Set([429, 503]);

/**
 * @param {HTMLElement} root
 * @param {{fields: () => FormData, maxBytes: number, desk: {show: (draft: Draft) => void, hide: () => void, onForget: (listener: (draft: Draft) => void) => void, draft: Draft | null}}} how
 */
export function makeQueue(root, { fields, maxBytes, desk }) {
  const main = found(document, "main");
  const cards = part(root, "cards");
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("card"));
  /** @type {Item[]} */
  let items = [];
  let busy = false;

  /** @param {File[]} files of one document @returns {Item} */
  function makeItem(files) {
    const card = /** @type {HTMLElement} */ (found(/** @type {DocumentFragment} */ (template.content.cloneNode(true)), ".card"));
    const item = { name: nameOf(files), files, card, state: /** @type {State} */ ("waiting"), draft: null, stop: null, password: "" };
    part(card, "name").textContent = item.name;
    for (const button of card.querySelectorAll("button[data-action]")) {
      button.setAttribute("aria-label", `${button.textContent?.trim() || "Forget"} ${item.name}`);
    }
    action(card, "open").addEventListener("click", () => open(item));
    action(card, "retry").addEventListener("click", () => retry(item));
    action(card, "cancel").addEventListener("click", () => cancel(item));
    action(card, "forget").addEventListener("click", () => forget(item));
    part(card, "secret").addEventListener("submit", function unlock(event) {
      event.preventDefault();
      item.password = /** @type {HTMLInputElement} */ (found(card, "[name=password]")).value;
      retry(item);
    });
    drawThumbnail(item);
    return item;
  }

  /** @param {Item} item @param {State} state @param {string} words @param {number} [share] */
  function put(item, state, words, share) {
    const { card } = item;
    const working = state === "uploading" || state === "recognising";
    item.state = card.dataset.state = state;
    main.dataset.state = state === "partial" ? "result" : state === "waiting" || state === "stopped" ? "idle" : state;
    part(card, "words").textContent = words;
    const progress = /** @type {HTMLProgressElement} */ (part(card, "progress"));
    progress.hidden = !working;
    progress.setAttribute("aria-label", `${item.name}: ${state === "uploading" ? "sending" : "reading"}`);
    if (share === undefined) progress.removeAttribute("value");
    else progress.value = share;
    action(card, "cancel").hidden = !working && state !== "waiting";
    action(card, "retry").hidden = !["error", "stopped", "partial", "empty"].includes(state);
    action(card, "open").hidden = !item.draft?.pages.length;
    action(card, "forget").hidden = working || state === "waiting";
    part(card, "secret").hidden = true;
    root.hidden = !items.length;
    action(root, "forget-all").hidden = items.length < 2;
  }

  /** @param {Item} item */
  function open(item) {
    if (!item.draft) return;
    for (const { card } of items) card.removeAttribute("aria-current");
    item.card.setAttribute("aria-current", "true");
    desk.show(item.draft);
  }
  /** @param {Item} item */
  function retry(item) {
    put(item, "waiting", "Waiting");
    work();
  }
  /** @param {Item} item */
  function cancel(item) {
    if (item.stop) item.stop.abort();
    else put(item, "stopped", "Stopped.");
  }
  /** @param {Item} item */
  function forget(item) {
    if (item.draft && !item.draft.saved && !confirm("Forget this text and its corrections?")) return;
    items = items.filter((other) => other !== item);
    item.card.remove();
    forgetPictures(item.files);
    if (desk.draft && desk.draft === item.draft) desk.hide();
    root.hidden = !items.length;
    action(root, "forget-all").hidden = items.length < 2;
    announce(`${item.name} is forgotten.`);
    const next = items.find(({ draft }) => draft?.pages.length);
    if (!desk.draft && next) open(next);
    found(document, "#file").focus();
  }

  async function work() {
    if (busy) return;
    busy = true;
    for (let item; (item = items.find(({ state }) => state === "waiting")); ) await read(item);
    busy = false;
  }

  /** @param {Item} item */
  async function read(item) {
    const stop = (item.stop = new AbortController());
    const chosen = fields();
    const form = fields();
    for (const file of item.files) form.append("file", file, file.name);
    if (item.password) form.set("password", item.password);
    const begun = performance.now();
    const draft = (item.draft = new Draft(item.name, item.files));
    draft.password = item.password || String(chosen.get("password") ?? "");
    draft.fields = chosen;
    const teller = makeTeller(item, begun, put);
    announce(`Sending ${item.name}`);
    put(item, "uploading", "Sending", 0);
    try {
      const answer = await readDocument(form, { signal: stop.signal, onUpload: teller.upload, onEvent: take });
      draft.finish(answer, performance.now() - begun);
      finish(item, draft);
    } catch (error) {
      await fail(item, error);
    } finally {
      teller.end();
      item.stop = null;
    }

    /** @param {any} event */
    function take(event) {
      if (event.event === "page") {
        draft.addPage(event.page);
        if (draft.pages.length === 1 && !desk.draft) open(item);
      }
      teller.event(event);
    }
  }

  /** @param {Item} item @param {Draft} draft */
  function finish(item, draft) {
    const { pages, problems } = draft.document;
    const said = summary(draft.document, draft.ms);
    const all = pages.length + problems.length;
    if (problems.length) put(item, "partial", `${pages.length} of ${counted(all, "page")} read.`);
    else if (!draft.places.length) put(item, "empty", "No text was found.");
    else put(item, "result", said);
    announce(problems.length || !draft.places.length ? (part(item.card, "words").textContent ?? "") : `${item.name}: ${said}`);
    if (desk.draft === draft) return;
    const others = items.some(({ state }) => state === "waiting");
    if (!desk.draft || !others) open(item);
  }

  /** @param {Item} item @param {unknown} error */
  async function fail(item, error) {
    if (item.stop?.signal.aborted) return put(item, "stopped", "Stopped.");
    if (!(error instanceof Refusal)) throw error;
    if (BUSY.has(error.status) && error.retryAfter) return waitAgain(item, error.retryAfter);
    put(item, "error", sayRefusal(error, item.files.reduce((sum, file) => sum + file.size, 0), maxBytes));
    if (error.code === "encrypted-document") {
      part(item.card, "secret").hidden = false;
      action(item.card, "retry").hidden = true;
      found(item.card, "[name=password]").focus();
    }
    if (error.code === "no-answer") window.addEventListener("online", () => item.state === "error" && retry(item), { once: true });
    announce(`${item.name}: ${part(item.card, "words").textContent}`, "alert");
    return undefined;
  }

  /** @param {Item} item @param {number} left seconds */
  async function waitAgain(item, left) {
    const stop = /** @type {AbortController} */ (item.stop);
    announce(`The server is busy – trying again in ${left} s.`);
    for (; left > 0 && !stop.signal.aborted; left -= 1) {
      put(item, "recognising", `The server is busy – trying again in ${left} s.`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    put(item, stop.signal.aborted ? "stopped" : "waiting", stop.signal.aborted ? "Stopped." : "Waiting");
  }

  action(root, "forget-all").addEventListener("click", function forgetAll() {
    for (const item of [...items]) {
      cancel(item);
      forget(item);
    }
  });
  window.addEventListener("beforeunload", function ask(event) {
    if (items.some(({ draft }) => draft && !draft.saved)) event.preventDefault();
  });

  desk.onForget((draft) => items.filter((item) => item.draft === draft).forEach(forget));

  return {
    get isBusy() {
      return busy;
    },
    /** @param {File[]} files each a document, or all together one */
    add(files, { together = false } = {}) {
      const added = (together ? [files] : files.map((file) => [file])).map(makeItem);
      items.push(...added);
      cards.append(...added.map(({ card }) => card));
      for (const item of added) put(item, "waiting", "Waiting");
      return work();
    },
  };
}

/** @param {Item} item */
async function drawThumbnail({ files: [file], card }) {
  if (!file.type.startsWith("image/")) return;
  try {
    const bitmap = await createImageBitmap(file, { resizeHeight: 96, resizeQuality: "medium" });
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    part(card, "thumbnail").replaceChildren(canvas);
  } catch {
    // A kind of picture that the browser cannot draw keeps its sign.
  }
}

/** @param {File[]} files */
function nameOf([first, ...others]) {
  const name = first.name || "Pasted picture";
  return others.length ? `${name} and ${counted(others.length, "other")}` : name;
}
