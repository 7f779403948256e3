// @ts-check
// One reading: the file goes out, events come in, and cancelling hangs up, which stops the work.
// No `enhance`: it shows nothing.
import { keyHeaders } from "./api-key.js";
import { announce } from "./dom.js";
import { _, language } from "./words.js";

/** @typedef {import("./model.js").OcrDocument} OcrDocument */

/** @type {Map<string, Promise<unknown>>} */
const modules = new Map();

/**
 * A module that is loaded on demand. Its file is asked for first: Firefox keeps an import that
 * failed, and would give the failure again until the page is loaded anew, as it does if a module
 * that this one imports has failed.
 * @template T
 * @param {string} path in `static/js`, without the suffix
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
export function bring(path, load) {
  const coming =
    modules.get(path) ??
    fetch(new URL(`../${path}.js`, import.meta.url)).then(
      (response) => (response.ok ? load().catch(lack) : lack(unanswered())),
      () => lack(unanswered()),
    );
  modules.set(path, coming);
  coming.catch(() => modules.delete(path));
  return /** @type {Promise<T>} */ (coming);
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function lack(error) {
  const refusal = asRefusal(error);
  announce(refusal.message, "alert");
  throw refusal;
}

/** Why there is no answer, in words for a person. */
export class Refusal extends Error {
  /**
   * @param {{title?: string, detail?: string, code?: string, status?: number, retryAfter?: number}}
   *   problem
   */
  constructor(problem) {
    super(
      problem.code === "key-missing"
        ? _("Type the key of this server.")
        : problem.detail || problem.title || _("The server did not say why."),
    );
    this.title = problem.title ?? "";
    this.code = problem.code ?? "";
    this.status = problem.status ?? 0;
    this.retryAfter = problem.retryAfter ?? 0;
    if (this.status === 401) dispatchEvent(new Event("locked")); // api-key.js asks for the key
  }
}

/**
 * Any error as a Refusal; one that nobody foresaw is told in general words, and on the console in
 * its own.
 * @param {unknown} error
 */
export function asRefusal(error) {
  if (error instanceof Refusal) return error;
  reportError(error);
  return new Refusal({
    detail:
      error instanceof SyntaxError
        ? _("No whole answer of this server came; a page to sign in to may stand in between.")
        : _("Something went wrong. Try again, or load the page anew."),
  });
}

/**
 * @typedef {{signal: AbortSignal, onUpload?: (sent: number, total: number) => void, onEvent?: (event:
 *   any) => void, isRest?: boolean}} How `isRest`: other pages are read already, so that an answer
 *   of problems alone is one
 */

/**
 * @param {FormData} form
 * @param {How} how
 * @returns {Promise<OcrDocument>}
 */
export function readDocument(form, how) {
  return listen("POST", "v1/documents", form, how);
}

/**
 * Hands a document in as a job, which is read whatever becomes of this page; its id.
 * @param {FormData} form
 * @param {How} how
 * @returns {Promise<string>}
 */
export async function createJob(form, how) {
  const { id } = /** @type {any} */ (await listen("POST", "v1/jobs", form, how));
  return id;
}

/**
 * What becomes of a job, behind the page of that number.
 * @param {string} id
 * @param {number} after
 * @param {How} how
 */
export function followJob(id, after, how) {
  return listen("GET", `v1/jobs/${id}?after=${after}`, null, how);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {FormData | null} form
 * @param {How} how
 * @returns {Promise<OcrDocument>}
 */
function listen(method, path, form, { signal, onUpload, onEvent, isRest = false }) {
  return new Promise(function start(resolve, reject) {
    const request = new XMLHttpRequest();
    /** @type {OcrDocument & {pictures: Map<number, Blob>}} */
    const answer = { pages: [], problems: [], pictures: new Map() };
    let parsed = 0;
    let ended = false;

    function takeLines() {
      const text = request.responseText;
      for (let end; (end = text.indexOf("\n", parsed)) >= 0; parsed = end + 1) {
        const line = text.slice(parsed, end).trim();
        if (line) take(JSON.parse(line));
      }
    }
    /** @param {any} event */
    function take(event) {
      if (event.event === "page") {
        dispatchEvent(new CustomEvent("came", { detail: event.page })); // always.js corrects it
        answer.pages.push(event.page);
      } else if (event.event === "picture")
        answer.pictures.set(event.page, (event.blob = blobOf(event)));
      else if (event.event === "problem") answer.problems.push(event.problem ?? event);
      else if (event.event === "end") ended = true;
      if (event.engine) answer.engine = event.engine;
      if (event.event !== "heartbeat") onEvent?.(event);
    }
    function finish() {
      const type = request.getResponseHeader("Content-Type") ?? "";
      if (request.status !== 200 && request.status !== 202) return reject(refusalOf(request, type));
      if (!type.includes("ndjson")) return resolve(JSON.parse(request.responseText));
      takeLines();
      if (!answer.pages.length && answer.problems.length && !(isRest && ended))
        return reject(new Refusal(answer.problems[0]));
      if (!ended) return reject(unanswered());
      answer.pages.sort((one, other) => one.number - other.number);
      return resolve(answer);
    }
    /** @param {unknown} reason */
    function hangUp(reason) {
      request.abort();
      reject(reason);
    }
    /**
     * An error in a listener would leave whoever waits for the answer waiting.
     * @param {() => void} hear
     */
    function guarded(hear) {
      return function listen() {
        try {
          hear();
        } catch (error) {
          hangUp(asRefusal(error));
        }
      };
    }
    function more() {
      const type = request.getResponseHeader("Content-Type") ?? "";
      if (request.status === 200 && type.includes("ndjson")) takeLines();
    }

    request.open(method, path);
    request.responseType = "text"; // else some browsers parse an answer without a type as XML
    request.setRequestHeader("Accept", "application/x-ndjson, application/json;q=0.9");
    for (const [name, value] of Object.entries(ownHeaders())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => onUpload?.(event.loaded, event.total));
    request.upload.addEventListener("load", () => onEvent?.({ event: "uploaded" }));
    request.addEventListener("progress", guarded(more));
    request.addEventListener("load", guarded(finish));
    request.addEventListener("error", () => reject(unanswered()));
    signal.addEventListener("abort", () => hangUp(signal.reason), { once: true });
    request.send(form);
  });
}

/** @param {{media_type: string, content: string}} event */
function blobOf({ media_type: type, content }) {
  return new Blob([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], { type });
}

/**
 * A plain request; its Refusal is like that of a reading.
 * @param {string} path relative to the page, which may be below any other
 * @param {FormData} form
 * @param {AbortSignal} [signal]
 */
export function post(path, form, signal) {
  return ask(path, { method: "POST", body: form, signal });
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
export async function ask(path, { signal, ...init } = {}) {
  let response;
  try {
    response = await fetch(path, { headers: ownHeaders(), signal, ...init });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unanswered();
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Refusal({ ...problem, status: response.status });
  }
  return response;
}

/** The key, and the language in which the server is to say what is wrong. */
function ownHeaders() {
  return { ...keyHeaders(), "Accept-Language": language };
}

function unanswered() {
  dispatchEvent(new Event("unanswered")); // offline.js looks what is the matter
  return new Refusal({
    code: "no-answer",
    detail: navigator.onLine
      ? _("The server did not answer.")
      : _("No connection – your pictures are kept in this tab."),
  });
}

/**
 * @param {XMLHttpRequest} request
 * @param {string} type
 */
function refusalOf(request, type) {
  const retryAfter = Number(request.getResponseHeader("Retry-After")) || 0;
  const { status } = request;
  if (type.includes("json")) {
    try {
      return new Refusal({ ...JSON.parse(request.responseText), status, retryAfter });
    } catch {
      // Cut off in the middle: the status has to do.
    }
  }
  const detail =
    status === 413
      ? _("The file is larger than the server accepts.")
      : _("The server answered with an error ({status}).", { status: String(status) });
  return new Refusal({ status, retryAfter, detail });
}
