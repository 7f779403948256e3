// @ts-check
// Reads the text aloud with the browser's own voices, sentence by sentence, showing the word.
import { action, announce, found, part } from "../lib/dom.js";
import { _, tagOf } from "../lib/words.js";

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Line} Line
 */

const MOST_LETTERS = 200; // longer utterances stall in some browsers

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, text } = desk;
  const speech = window.speechSynthesis;
  const button = action(root, "speak");
  const pause = action(root, "pause-speech");
  const speed = /** @type {HTMLSelectElement} */ (found(root, "#speed"));
  function stop() {
    speech.cancel();
    text.mark(null, "spoken");
    button.setAttribute("aria-pressed", "false");
    part(root, "speaking").hidden = true;
  }
  /** @param {boolean} wanted */
  function halt(wanted) {
    if (wanted) speech.pause();
    else speech.resume();
    pause.textContent = wanted ? _("Go on") : _("Pause");
  }
  function speak() {
    const lines = desk.page?.zones.flatMap((zone) => zone.lines ?? []) ?? [];
    const sentences = sentencesOf(lines);
    if (!sentences.length) return announce(_("There is no text to read."));
    button.setAttribute("aria-pressed", "true");
    part(root, "speaking").hidden = false;
    halt(false);
    const voices = speech.getVoices();
    sentences.forEach(function say({ words, language }, at) {
      const utterance = new SpeechSynthesisUtterance(words.map((word) => word.text).join(" "));
      utterance.lang = language;
      utterance.voice = voices.find(({ lang }) => lang?.startsWith(language)) ?? null;
      utterance.rate = Number(speed.value);
      const show = (/** @type {number} */ letters) =>
        text.mark(wordAfter(words, letters), "spoken");
      utterance.addEventListener("start", () => show(0));
      utterance.addEventListener("boundary", (event) => show(event.charIndex));
      if (at === sentences.length - 1) utterance.addEventListener("end", stop);
      speech.speak(utterance);
    });
    return undefined;
  }
  const isSpeaking = () => button.getAttribute("aria-pressed") === "true";

  button.addEventListener("click", () => (isSpeaking() ? stop() : speak()));
  pause.addEventListener("click", () => halt(pause.textContent === _("Pause")));
  speed.addEventListener("change", function again() {
    speech.cancel();
    speak();
  });
  root.addEventListener("keydown", (event) => event.key === "Escape" && isSpeaking() && stop());
  root.addEventListener("turned", () => isSpeaking() && stop());
  window.addEventListener("pagehide", stop);
}

/** @param {Line[]} lines */
function sentencesOf(lines) {
  /** @type {{words: Word[], language: string}[]} */
  const sentences = [];
  let letters = 0;
  /** @type {Line | null} */
  let before = null;
  for (const line of lines) {
    const language = tagOf(line.language);
    for (const word of line.words.filter(({ text }) => text)) {
      const last = sentences[sentences.length - 1];
      const ended =
        !last ||
        last.language !== language ||
        before?.paragraph !== line.paragraph ||
        /[.!?]$/.test(last.words[last.words.length - 1].text);
      if (ended || letters > MOST_LETTERS) {
        sentences.push({ words: [], language });
        letters = 0;
      }
      sentences[sentences.length - 1].words.push(word);
      letters += word.text.length + 1;
      before = line;
    }
  }
  return sentences;
}

/**
 * @param {Word[]} words
 * @param {number} letters spoken before it
 */
function wordAfter(words, letters) {
  let passed = 0;
  return words.find((word) => (passed += word.text.length + 1) > letters) ?? null;
}
