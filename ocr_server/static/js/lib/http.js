// @ts-check
// Requests to the server, what it refuses in words for a person, and modules on demand.
// No `enhance`: it shows nothing.
import { keyHeaders } from "./api-key.js";
import { announce } from "./dom.js";
import { _, language } from "./words.js";

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
export function ownHeaders() {
  return { ...keyHeaders(), "Accept-Language": language };
}

export function unanswered() {
  dispatchEvent(new Event("unanswered")); // offline.js looks what is the matter
  return new Refusal({
    code: "no-answer",
    detail: navigator.onLine
      ? _("The server did not answer.")
      : _("No connection – your pictures are kept in this tab."),
  });
}
