// @ts-check
// The viewfinder over the whole screen: the browser's own full screen where it has one for pages,
// else as large as the window; the rest of the page is out of reach meanwhile.
import { action, found } from "../lib/dom.js";

const SMALL = "(max-width: 34rem), (max-height: 30rem)"; // phones, upright and on their side

/** @param {HTMLElement} root the camera */
export function enhance(root) {
  const button = action(root, "full");
  const reading = /** @type {HTMLInputElement} */ (found(root, "#reading"));
  /** @type {HTMLElement[]} */
  let others = [];

  /** @param {boolean} wanted */
  function put(wanted) {
    if (wanted === root.hasAttribute("data-full")) return;
    root.toggleAttribute("data-full", wanted);
    button.setAttribute("aria-pressed", String(wanted));
    if (wanted) others = around(root);
    for (const other of others) other.inert = wanted;
    if (wanted) root.scrollTop = 0;
    // A browser that refuses shows it as large as the window.
    if (wanted) document.documentElement.requestFullscreen?.().then(giveBack, () => undefined);
    else giveBack();
  }
  /** Ends the browser's full screen, also where it comes after it was left again. */
  function giveBack() {
    if (document.fullscreenElement && !root.hasAttribute("data-full"))
      document.exitFullscreen().catch(() => undefined);
  }
  button.addEventListener("click", () => put(!root.hasAttribute("data-full")));
  document.addEventListener("fullscreenchange", () => document.fullscreenElement || put(false));
  addEventListener("left", () => put(false));
  // The transcript is seen beside the picture, and has no room on a whole screen.
  reading.addEventListener("change", () => reading.checked && put(false));
  document.addEventListener("keydown", function leaveByKey({ key }) {
    if (key === "Escape" && !document.querySelector("dialog[open]")) put(false);
  });

  return {
    /** The camera runs: on a phone it takes the screen, unless what it reads is listed below. */
    begin() {
      button.hidden = false;
      if (matchMedia(SMALL).matches && !reading.checked) put(true);
    },
    leave: () => put(false),
    /** It runs no more. */
    end() {
      put(false);
      button.hidden = true;
    },
  };
}

/**
 * What else can be reached on the page, but for dialogs and what is only told.
 * @param {HTMLElement} root
 */
function around(root) {
  const others = [];
  for (
    let inner = root;
    inner !== document.body;
    inner = /** @type {HTMLElement} */ (inner.parentElement)
  )
    for (const other of /** @type {HTMLElement} */ (inner.parentElement).children)
      if (
        other instanceof HTMLElement &&
        other !== inner &&
        !other.inert &&
        !other.matches(".toast, [role], dialog")
      )
        others.push(other);
  return others;
}
