// @ts-check
// Correcting one word: its picture enlarged, a field, suggestions. Enter accepts, Esc leaves.
import { action, found, make, part } from "./parts.js";
import { trust } from "./model.js";

/** @typedef {import("./model.js").Word} Word */

const AROUND = 0.5; // of the word's height, so that its neighbours can be seen
const MOST_ENLARGED = 4;
const MOST_SUGGESTIONS = 5;

/**
 * @param {HTMLElement} root
 * @param {{onAccept: (word: Word, text: string) => void, onLeave: () => void}} listeners
 */
export function makeProof(root, { onAccept, onLeave }) {
  const form = /** @type {HTMLFormElement} */ (part(root, "proof"));
  const input = /** @type {HTMLInputElement} */ (found(form, "input"));
  const canvas = /** @type {HTMLCanvasElement} */ (part(form, "crop"));
  /** @type {Word | null} */
  let open = null;

  function accept() {
    if (open) onAccept(open, input.value.trim().replace(/\s+/g, " "));
  }
  form.addEventListener("submit", function submit(event) {
    event.preventDefault();
    accept();
  });
  form.addEventListener("keydown", (event) => event.key === "Escape" && onLeave());
  action(form, "leave").addEventListener("click", onLeave);

  return {
    get word() {
      return open;
    },
    /** @param {Word} word @param {string[]} suggestions @param {HTMLImageElement} picture @param {import("./model.js").Page} page */
    show(word, suggestions, picture, page) {
      open = word;
      form.hidden = false;
      input.value = word.text;
      part(form, "sure").textContent = trust(word) === "checked" ? "· checked" : `· ${Math.round(word.confidence * 100)} % sure`;
      part(form, "suggestions").replaceChildren(...suggestions.slice(0, MOST_SUGGESTIONS).map(suggestion));
      drawCrop(canvas, picture, page, word);
      input.focus();
      input.select();
    },
    hide() {
      open = null;
      form.hidden = true;
    },
  };

  /** @param {string} text */
  function suggestion(text) {
    const button = make("button", { type: "button" }, text);
    button.addEventListener("click", function take() {
      input.value = text;
      accept();
    });
    return button;
  }
}

/** The word in the middle, level, its neighbours as far as there is room. @param {HTMLCanvasElement} canvas @param {HTMLImageElement} picture @param {import("./model.js").Page} page @param {Word} word */
function drawCrop(canvas, picture, page, word) {
  canvas.hidden = !picture.naturalWidth;
  if (canvas.hidden) return;
  const [start, end, opposite, below] = word.quad;
  const long = Math.hypot(end[0] - start[0], end[1] - start[1]);
  const tall = Math.hypot(below[0] - start[0], below[1] - start[1]);
  canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
  canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
  const scale = Math.min(canvas.height / (tall * (1 + 2 * AROUND)), (canvas.width * 0.9) / long, MOST_ENLARGED * devicePixelRatio);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate(-Math.atan2(end[1] - start[1], end[0] - start[0]));
  pen.scale(scale, scale);
  pen.translate(-(start[0] + opposite[0]) / 2, -(start[1] + opposite[1]) / 2);
  pen.drawImage(picture, 0, 0, page.width_px, page.height_px);
}

// Pairs that engines confuse, for suggestions where the engine gave none.
const CONFUSED = [["rn", "m"], ["l", "1"], ["I", "1"], ["I", "l"], ["O", "0"], ["o", "0"], ["S", "5"], ["B", "8"], ["Z", "2"], ["cl", "d"], ["vv", "w"], ["|", "I"]];

/** Other readings: the engine's own, then look-alikes that stand elsewhere in the document. @param {Word} word @param {string[]} others */
export function suggestionsFor(word, others) {
  const given = (word.alternatives ?? []).map((alternative) => alternative.text);
  const known = new Set(others);
  const swapped = CONFUSED.flatMap(([one, other]) => [word.text.replaceAll(one, other), word.text.replaceAll(other, one)]);
  const near = others.filter((text) => text.length > 3 && text !== word.text && oneLetterApart(text, word.text));
  const was = word.corrected_from ? [word.corrected_from] : [];
  return [...new Set([...was, ...given, ...swapped.filter((text) => known.has(text)), ...near])].filter((text) => text !== word.text);
}

/** @param {string} one @param {string} other */
function oneLetterApart(one, other) {
  if (Math.abs(one.length - other.length) > 1) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const rest = [one.slice(at), other.slice(at)];
  return rest[0].slice(1) === rest[1].slice(1) || rest[0].slice(1) === rest[1] || rest[0] === rest[1].slice(1);
}
