// @ts-check
// What the queue shows of a file: its name, how it fares, and what can be done about it.
// No `enhance`: it makes an element of its own.
import { action, found, part } from "../lib/dom.js";
import { _ } from "../lib/words.js";

/**
 * @typedef {"waiting" | "uploading" | "recognising" | "result" | "partial" | "empty" | "error" |
 *   "stopped"} State
 * @typedef {Record<"open" | "retry" | "cancel" | "forget" | "trim", () => void> & {unlock:
 *   (password: string) => void}} Deeds
 */

/**
 * @param {string} name
 * @param {File | undefined} file
 * @param {Deeds} deeds
 */
export function makeCard(name, file, deeds) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("card"));
  const card = /** @type {HTMLElement} */ (
    found(/** @type {DocumentFragment} */ (template.content.cloneNode(true)), ".card")
  );
  part(card, "name").textContent = name;
  for (const button of card.querySelectorAll("button[data-action]")) {
    button.setAttribute(
      "aria-label",
      _("{deed} {name}", { deed: button.textContent?.trim() || _("Forget"), name }),
    );
  }
  for (const deed of /** @type {const} */ (["open", "retry", "cancel", "forget", "trim"]))
    action(card, deed).addEventListener("click", deeds[deed]);
  part(card, "secret").addEventListener("submit", function unlock(event) {
    event.preventDefault();
    deeds.unlock(/** @type {HTMLInputElement} */ (found(card, "[name=password]")).value);
  });
  if (file) drawThumbnail(card, file);
  return card;
}

/**
 * @param {HTMLElement} card
 * @param {State} state
 * @param {string} words
 * @param {{share?: number, canOpen: boolean, canRetry: boolean, retryWords: string, canTrim:
 *   boolean}} can
 */
export function putCard(card, state, words, { share, canOpen, canRetry, retryWords, canTrim }) {
  const working = state === "uploading" || state === "recognising";
  card.dataset.state = state;
  part(card, "words").textContent = words;
  const progress = /** @type {HTMLProgressElement} */ (part(card, "progress"));
  progress.hidden = !working;
  progress.setAttribute(
    "aria-label",
    `${part(card, "name").textContent}: ${state === "uploading" ? _("sending") : _("reading")}`,
  );
  if (share === undefined) progress.removeAttribute("value");
  else progress.value = share;
  const idle = !working && state !== "waiting";
  const focused = card.querySelector(".actions :focus");
  action(card, "cancel").hidden = idle;
  const retry = action(card, "retry");
  retry.hidden = !canRetry || !idle || state === "result";
  retry.textContent = retryWords;
  retry.setAttribute(
    "aria-label",
    _("{deed} {name}", { deed: retryWords, name: part(card, "name").textContent ?? "" }),
  );
  action(card, "trim").hidden = !canTrim || !idle;
  action(card, "open").hidden = !canOpen;
  action(card, "forget").hidden = !idle;
  if (focused instanceof HTMLElement && focused.hidden)
    /** @type {HTMLElement | null} */ (
      card.querySelector(".actions button:not([hidden])")
    )?.focus();
  part(card, "secret").hidden = true;
}

/**
 * @param {HTMLElement} card
 * @param {File} file
 */
async function drawThumbnail(card, file) {
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
