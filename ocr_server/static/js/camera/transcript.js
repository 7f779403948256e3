// @ts-check
// What was read while the page was held: a line is taken when two readings in a row agree on it.
import { action, announce, make, part } from "../lib/dom.js";

const MOST_KNOWN = 400; // lines remembered, so that a page shown again adds nothing

/** @param {HTMLElement} root */
export function enhance(root) {
  const list = part(root, "lines");
  /** @type {Set<string>} */
  let last = new Set();
  /** @type {Set<string>} */
  const known = new Set();

  /** @param {string} line */
  function key(line) {
    return line.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
  }
  function text() {
    return [...list.children].map((item) => item.textContent).join("\n");
  }
  function tell() {
    part(root, "none").hidden = Boolean(list.children.length);
    action(root, "copy-transcript").disabled = action(root, "clear-transcript").disabled =
      !list.children.length;
  }

  action(root, "copy-transcript").addEventListener("click", async function copy() {
    const isCopied = await navigator.clipboard?.writeText(text()).then(
      () => true,
      () => false,
    );
    if (isCopied) announce("The transcript is on the clipboard.");
    else announce("The browser did not allow copying. Select the lines and copy them.", "alert");
  });
  action(root, "clear-transcript").addEventListener("click", function clear() {
    list.replaceChildren();
    known.clear();
    last = new Set();
    tell();
  });
  const voice = /** @type {HTMLInputElement} */ (part(root, "voice"));
  voice.addEventListener("change", function hush() {
    list.setAttribute("aria-live", voice.checked ? "off" : "polite");
    if (!voice.checked) speechSynthesis.cancel();
    else speechSynthesis.speak(new SpeechSynthesisUtterance("")); // iOS lets none begin without a gesture
  });
  function offerVoice() {
    part(root, "voice-field").hidden = !window.speechSynthesis?.getVoices().length;
  }
  window.speechSynthesis?.addEventListener("voiceschanged", offerVoice);
  offerVoice();
  tell();

  return {
    /** @param {string} reading */
    take(reading) {
      const lines = reading
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => key(line).length > 1);
      const agreed = lines.filter((line) => last.has(key(line)) && !known.has(key(line)));
      for (const line of agreed) {
        known.add(key(line));
        if (known.size > MOST_KNOWN)
          known.delete(/** @type {string} */ (known.values().next().value));
        list.append(make("p", {}, line));
        if (voice.checked) speechSynthesis.speak(new SpeechSynthesisUtterance(line));
      }
      last = new Set(lines.map(key));
      if (agreed.length) list.scrollTop = list.scrollHeight;
      tell();
    },
  };
}
