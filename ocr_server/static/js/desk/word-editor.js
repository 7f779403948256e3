// @ts-check
// The form in which a word or its line is corrected: its picture enlarged, a field, suggestions.
import { trust } from "../lib/confidence.js";
import { action, found, make, part } from "../lib/dom.js";
import { distance } from "../lib/geometry.js";
import { _ } from "../lib/words.js";

/**
 * @typedef {import("../lib/model.js").Place} Place
 * @typedef {import("../lib/geometry.js").Dot} Dot
 */

const AROUND = 0.5; // of the word's height, so that its neighbours can be seen
const MOST_ENLARGED = 4;
const MOST_SUGGESTIONS = 5;

/**
 * @param {HTMLElement} root the desk
 * @param {{onAccept: (answer: {whole: boolean, all: boolean, always: boolean, text: string}) => void,
 *   onLeave: () => void}} listeners
 */
export function enhance(root, { onAccept, onLeave }) {
  const form = part(root, "proof");
  const input = /** @type {HTMLInputElement} */ (found(form, "[name=correction]"));
  const all = /** @type {HTMLInputElement} */ (found(form, "[name=all]"));
  const always = /** @type {HTMLInputElement} */ (found(form, "[name=always]"));
  const whole = action(form, "whole-line");
  const picture = /** @type {HTMLImageElement} */ (part(root, "picture"));
  /** @type {Place | null} */
  let open = null;

  /**
   * @param {string} text
   * @param {boolean} isLine
   */
  function accept(text, isLine) {
    onAccept({
      whole: isLine,
      all: all.checked || always.checked,
      always: always.checked,
      text: text.trim().replace(/\s+/g, " "),
    });
  }
  /**
   * Offers the word, or the whole line it stands in.
   * @param {boolean} isLine
   */
  function offer(isLine) {
    if (!open) return;
    const { word, line } = open;
    whole.setAttribute("aria-pressed", String(isLine));
    part(form, "what").textContent = isLine ? _("Line") : _("Word");
    part(form, "sure").textContent = isLine
      ? ""
      : trust(word) === "checked"
        ? `· ${_("checked")}`
        : `· ${_("{n} % sure", { n: Math.round(word.confidence * 100) })}`;
    input.value = input.defaultValue = isLine
      ? line.words
          .map(({ text }) => text)
          .filter(Boolean)
          .join(" ")
      : word.text; // a blank parts words in any script
    part(form, "always-field").hidden = isLine;
    part(form, "suggestions").hidden = isLine || !part(form, "suggestions").firstChild;
    draw();
    input.focus();
    input.select();
  }
  function draw() {
    if (!open) return;
    const { quad } = whole.getAttribute("aria-pressed") === "true" ? open.line : open.word;
    drawCrop(/** @type {HTMLCanvasElement} */ (part(form, "crop")), picture, open.page, quad);
  }
  function next() {
    const words = open?.line.words.filter((word) => word.text) ?? [];
    return words[words.findIndex((word) => word === open?.word) + 1];
  }
  function join() {
    const other = next();
    if (!open || !other) return;
    const texts = open.line.words
      .filter((word) => word !== other)
      .map((word) => (word === open?.word ? input.value.trim() + other.text : word.text));
    accept(texts.join(" "), true);
  }
  /** @param {string} text */
  function suggestion(text) {
    const button = make("button", { type: "button" }, text);
    button.addEventListener("click", () => accept(text, false));
    return button;
  }

  form.addEventListener("submit", function submit(event) {
    event.preventDefault();
    accept(input.value, whole.getAttribute("aria-pressed") === "true");
  });
  form.addEventListener("keydown", (event) => event.key === "Escape" && onLeave());
  picture.addEventListener("load", draw); // after a page was turned
  action(form, "leave").addEventListener("click", onLeave);
  action(form, "join").addEventListener("click", join);
  whole.addEventListener("click", () => offer(whole.getAttribute("aria-pressed") !== "true"));

  return {
    /**
     * @param {Place} place
     * @param {{suggestions: string[], alike: number}} about it
     */
    show(place, { suggestions, alike }) {
      open = place;
      form.hidden = false;
      all.checked = always.checked = false;
      part(form, "all-field").hidden = alike < 2;
      part(form, "alike").textContent = _("All {n} like this", { n: alike });
      action(form, "join").hidden = !next();
      part(form, "suggestions").replaceChildren(
        ...suggestions.slice(0, MOST_SUGGESTIONS).map(suggestion),
      );
      offer(false);
    },
    hide() {
      open = null;
      form.hidden = true;
    },
  };
}

/**
 * What stands there in the middle, level, its neighbours as far as there is room.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLImageElement} picture
 * @param {import("../lib/model.js").Page} page
 * @param {Dot[]} quad
 */
function drawCrop(canvas, picture, page, [start, end, opposite, below]) {
  canvas.hidden = !picture.naturalWidth;
  if (canvas.hidden) return;
  const long = distance(start, end);
  const tall = distance(start, below);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((px) =>
    Math.round(px * devicePixelRatio),
  );
  // Else the page would be laid out once more.
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const scale = Math.min(
    canvas.height / (tall * (1 + 2 * AROUND)),
    (canvas.width * 0.9) / long,
    MOST_ENLARGED * devicePixelRatio,
  );
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.resetTransform();
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate(-Math.atan2(end[1] - start[1], end[0] - start[0]));
  pen.scale(scale, scale);
  pen.translate(-(start[0] + opposite[0]) / 2, -(start[1] + opposite[1]) / 2);
  pen.drawImage(picture, 0, 0, page.width_px, page.height_px);
}
