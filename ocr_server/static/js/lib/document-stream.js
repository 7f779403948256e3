// @ts-check
// One reading: the file goes out, events come in, and cancelling hangs up, which stops the work.
// Pages are corrected as they come by what is always corrected.
// No `enhance`: it shows nothing.
import { correct } from "./always.js";
import { asRefusal, ownHeaders, Refusal, unanswered } from "./http.js";
import { _ } from "./words.js";

/** @typedef {import("./model.js").OcrDocument} OcrDocument */

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
        correct(event.page);
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
