// @ts-check
// What was read while the page was held: a line is taken when two readings in a row agree on it.
import { action, announce, make, part } from "../lib/dom.js";
import { _ } from "../lib/words.js";

const MOST_KNOWN = 400; // lines remembered, so that a page shown again adds nothing

/** @param {HTMLElement} root */
export function enhance(root) {
  const list = part(root, "lines");
  /** @type {Set<string>} */
  let last = new Set();
  /** @type {Set<string>} */
  const known = new Set();
  /** @type {(id: number, text: string) => void} */
  let correct = () => undefined;
  let forget = () => undefined;

  /** @param {string} line */
  function key(line) {
    return line.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
  }
  function text() {
    return [...list.children]
      .map((item) => (item instanceof HTMLInputElement ? item.value : item.textContent))
      .join("\n");
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
    if (isCopied) announce(_("The transcript is on the clipboard."));
    else announce(_("The browser did not allow copying. Select the lines and copy them."), "alert");
  });
  action(root, "clear-transcript").addEventListener("click", function clear() {
    list.replaceChildren();
    known.clear();
    last = new Set();
    forget();
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
    /**
     * Who is told when a person corrects a line of handwriting, or clears the transcript.
     * @param {(id: number, text: string) => void} corrected
     * @param {() => void} cleared
     */
    onCorrected(corrected, cleared) {
      correct = corrected;
      forget = () => (cleared(), undefined);
    },
    /**
     * Shows lines of handwriting, each to be corrected; one that has the focus stays as it is.
     * @param {import("./written-lines.js").Written[]} lines
     * @param {import("./written-lines.js").Written[]} changed
     */
    show(lines, changed) {
      const before = new Map(
        [...list.querySelectorAll("input")].map((input) => [Number(input.dataset.line), input]),
      );
      const inputs = lines.map(({ id, text }, at) => {
        const input = before.get(id) ?? makeLine(id, (words) => correct(id, words));
        if (document.activeElement !== input) input.value = text;
        input.setAttribute("aria-label", _("Line {n}", { n: at + 1 }));
        return input;
      });
      if (
        inputs.some((input, at) => list.children[at] !== input) ||
        list.children.length > inputs.length
      ) {
        const focused = document.activeElement;
        list.replaceChildren(...inputs);
        if (focused instanceof HTMLInputElement && inputs.includes(focused)) focused.focus();
      }
      if (voice.checked)
        for (const { text } of changed) speechSynthesis.speak(new SpeechSynthesisUtterance(text));
      tell();
    },
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

/**
 * @param {number} id
 * @param {(words: string) => void} onInput
 */
function makeLine(id, onInput) {
  const input = /** @type {HTMLInputElement} */ (
    make("input", { type: "text", "data-line": String(id), spellcheck: "true" })
  );
  input.addEventListener("input", () => onInput(input.value));
  return input;
}
