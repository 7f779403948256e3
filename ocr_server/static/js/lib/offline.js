// @ts-check
// A banner for as long as the server cannot be reached; what failed for that begins anew
// afterwards.
import { action, announce, part } from "./dom.js";
import { _ } from "./words.js";

const AGAIN_MS = 5000;

/** @param {HTMLElement | null} root */
export function enhance(root) {
  if (!root) return;
  let timer = 0;

  /** The browser may think itself offline and reach a server of its own network, or the reverse. */
  async function check() {
    clearTimeout(timer);
    const answered = await fetch("livez", { cache: "no-store" }).then(
      () => true,
      () => false,
    );
    const changed = root?.hidden !== answered;
    if (root) root.hidden = answered;
    if (!answered) timer = setTimeout(check, AGAIN_MS);
    if (!changed) return;
    announce(
      answered
        ? _("The server answers again.")
        : (part(root ?? document, "words").textContent ?? ""),
      answered ? "status" : "alert",
    );
    if (answered) dispatchEvent(new Event("answered"));
  }

  for (const event of ["offline", "online", "unanswered"]) addEventListener(event, check);
  action(root, "ask-again").addEventListener("click", check);
}

enhance(document.getElementById("offline"));
