// @ts-check
// Reads the text aloud, sentence by sentence, showing the word: with the browser's own voices, or
// where it has none by the server.
import { declarations } from "../lib/declarations.js";
import { action, announce, found, part } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { _, tagOf } from "../lib/words.js";

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Line} Line
 * @typedef {import("../lib/model.js").Page} Page
 * @typedef {{words: Word[], language: string, page: Page, line: Line}} Sentence `line`: its first
 * @typedef {{rate: number, onWord: (sentence: Sentence, letters: number) => void, onEnd: () => void,
 *   onTrouble: (words: string) => void}} How `letters`: spoken before the word
 * @typedef {{speak: (sentences: Sentence[], how: How) => void, pause: (wanted: boolean) => void,
 *   stop: () => void}} Voice
 */

const MOST_LETTERS = 200; // longer utterances stall in some browsers

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, text } = desk;
  const button = action(root, "speak");
  const pause = action(root, "pause-speech");
  const speed = /** @type {HTMLSelectElement} */ (found(root, "#speed"));
  /** @type {Voice | null} */
  let voice = null;

  function end() {
    text.mark(null, "spoken");
    button.setAttribute("aria-pressed", "false");
    part(root, "speaking").hidden = true;
  }
  function stop() {
    voice?.stop();
    end();
  }
  /** @param {boolean} wanted */
  function halt(wanted) {
    voice?.pause(wanted);
    pause.setAttribute("aria-pressed", String(wanted));
    pause.textContent = wanted ? _("Go on") : _("Pause");
  }
  async function voiceOf() {
    if (window.speechSynthesis?.getVoices().length) return browserVoice(window.speechSynthesis);
    if (!declarations.has_voice || !desk.draft) return null;
    const { serverVoice } = await bring("desk/server-speech", () => import("./server-speech.js"));
    return serverVoice(desk.draft);
  }
  async function speak() {
    const sentences = desk.page ? sentencesOf(desk.page) : [];
    if (!sentences.length) return announce(_("There is no text to read."));
    voice?.stop();
    voice = await voiceOf();
    if (!voice)
      return announce(_("This browser has no voice, and this server has none either."), "alert");
    button.setAttribute("aria-pressed", "true");
    part(root, "speaking").hidden = false;
    halt(false);
    voice.speak(sentences, {
      rate: Number(speed.value),
      onWord: ({ words }, letters) => text.mark(wordAfter(words, letters), "spoken"),
      onEnd: end,
      onTrouble: (words) => announce(words, "alert"),
    });
    return undefined;
  }
  const isSpeaking = () => button.getAttribute("aria-pressed") === "true";

  button.addEventListener("click", () => (isSpeaking() ? stop() : speak()));
  pause.addEventListener("click", () => halt(pause.getAttribute("aria-pressed") !== "true"));
  speed.addEventListener("change", () => isSpeaking() && speak());
  root.addEventListener("keydown", (event) => event.key === "Escape" && isSpeaking() && stop());
  root.addEventListener("turned", () => isSpeaking() && stop());
  window.addEventListener("pagehide", stop);
}

/**
 * @param {SpeechSynthesis} speech
 * @returns {Voice}
 */
function browserVoice(speech) {
  return {
    speak(sentences, { rate, onWord, onEnd }) {
      const voices = speech.getVoices();
      sentences.forEach(function say(sentence, at) {
        const { words, language } = sentence;
        const utterance = new SpeechSynthesisUtterance(words.map((word) => word.text).join(" "));
        utterance.lang = language;
        utterance.voice = voices.find(({ lang }) => lang?.startsWith(language)) ?? null;
        utterance.rate = rate;
        utterance.addEventListener("start", () => onWord(sentence, 0));
        utterance.addEventListener("boundary", (event) => onWord(sentence, event.charIndex));
        if (at === sentences.length - 1) utterance.addEventListener("end", onEnd);
        speech.speak(utterance);
      });
    },
    pause(wanted) {
      if (wanted) speech.pause();
      else speech.resume();
    },
    stop: () => speech.cancel(),
  };
}

/** @param {Page} page */
function sentencesOf(page) {
  /** @type {Sentence[]} */
  const sentences = [];
  let letters = 0;
  /** @type {Line | null} */
  let before = null;
  for (const line of page.zones.flatMap((zone) => zone.lines ?? [])) {
    const language = tagOf(line.language);
    for (const word of line.words.filter(({ text }) => text)) {
      const last = sentences[sentences.length - 1];
      const ended =
        !last ||
        last.language !== language ||
        before?.paragraph !== line.paragraph ||
        /[.!?]$/.test(last.words[last.words.length - 1].text);
      if (ended || letters > MOST_LETTERS) {
        sentences.push({ words: [], language, page, line });
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
