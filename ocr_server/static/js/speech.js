// @ts-check
// Reads the text aloud with the browser's own voices, word by word, line by line.

/** @typedef {import("./model.js").Word} Word */

const VOICES_LATEST_MS = 1000; // a browser without voices never says so

/** @param {HTMLButtonElement} button @param {(word: Word | null) => void} onWord */
export function enhance(button, onWord) {
  button.hidden = true;
  const speech = window.speechSynthesis;
  function check() {
    button.hidden = !speech?.getVoices().length;
  }
  if (speech) {
    check();
    speech.addEventListener("voiceschanged", check);
    setTimeout(check, VOICES_LATEST_MS);
    window.addEventListener("pagehide", stop);
  }
  function stop() {
    speech?.cancel();
    onWord(null);
    button.setAttribute("aria-pressed", "false");
  }
  /** A line at a time: long utterances stall in some browsers. @param {import("./model.js").Line[]} lines */
  function speak(lines) {
    button.setAttribute("aria-pressed", "true");
    lines.forEach((line, at) => {
      const utterance = new SpeechSynthesisUtterance(line.words.map((word) => word.text).join(" "));
      utterance.lang = line.language ?? document.documentElement.lang;
      utterance.addEventListener("start", () => onWord(line.words[0] ?? null));
      if (at === lines.length - 1) utterance.addEventListener("end", stop);
      speech.speak(utterance);
    });
  }
  return {
    stop,
    /** @param {import("./model.js").Line[]} lines */
    toggle(lines) {
      if (button.getAttribute("aria-pressed") === "true") stop();
      else if (lines.length) speak(lines);
    },
  };
}
