// @ts-check
// A voice of the server, for browsers that have none: a sound for each sentence, the next one
// fetched while one is heard. Which word is spoken is told by its share of the letters.
// No `enhance`: it speaks what it is given.
import { asRefusal } from "../lib/http.js";
import { rendered } from "./rendering.js";

/** @typedef {import("./speech.js").Sentence} Sentence */

/** @param {import("./draft.js").Draft} draft whose words are spoken */
export function serverVoice(draft) {
  const audio = new Audio();
  let stopped = new AbortController();

  /** @param {Sentence} sentence */
  async function soundOf({ words, page, line }) {
    const text = words.map((word) => word.text).join(" ");
    const zone = {
      kind: "text",
      box: line.box,
      quad: line.quad,
      lines: [{ ...line, text, words }],
    };
    const spoken = { ...page, zones: [/** @type {any} */ (zone)] };
    return URL.createObjectURL(await rendered(draft, "audio", [spoken]));
  }
  /**
   * @param {string} url
   * @param {(share: number) => void} tell
   */
  function play(url, tell) {
    return new Promise(function hear(resolve, reject) {
      audio.ontimeupdate = () => tell(audio.currentTime / (audio.duration || Infinity));
      audio.onended = resolve;
      audio.onerror = reject;
      audio.src = url;
      audio.play().catch(reject);
      stopped.signal.addEventListener("abort", () => reject(stopped.signal.reason));
    });
  }

  return {
    /**
     * @param {Sentence[]} sentences
     * @param {{rate: number, onWord: (sentence: Sentence, letters: number) => void, onEnd: () =>
     *   void, onTrouble: (words: string) => void}} how
     */
    async speak(sentences, { rate, onWord, onEnd, onTrouble }) {
      stopped = new AbortController();
      const { signal } = stopped;
      try {
        let coming = soundOf(sentences[0]);
        for (const [at, sentence] of sentences.entries()) {
          const url = await coming;
          if (at + 1 < sentences.length) {
            coming = soundOf(sentences[at + 1]);
            coming.catch(() => undefined); // told when its turn comes
          }
          const { length } = sentence.words.map(({ text }) => text).join(" ");
          audio.defaultPlaybackRate = rate;
          onWord(sentence, 0);
          await play(url, (share) => onWord(sentence, Math.floor(share * length)));
          URL.revokeObjectURL(url);
        }
        onEnd();
      } catch (error) {
        if (signal.aborted) return;
        onEnd();
        onTrouble(asRefusal(error).message);
      }
    },
    /** @param {boolean} wanted */
    pause(wanted) {
      if (wanted) audio.pause();
      else if (audio.src && audio.paused) audio.play().catch(() => undefined);
    },
    stop() {
      stopped.abort();
      audio.pause();
      audio.removeAttribute("src");
    },
  };
}
