// @ts-check
// Selectable text exactly on its picture: one block per line, one inline block per word, as wide as
// the way to the next word, so that selecting flows like text and copies like text.
// No `enhance`: it draws a page into the element it is given.
import { distance } from "../lib/geometry.js";
import { gapOf } from "../lib/model.js";

/**
 * @typedef {import("../lib/geometry.js").Dot} Dot
 * @typedef {import("../lib/model.js").Line} Line
 */

const FACE = "sans-serif";
const measure = /** @type {CanvasRenderingContext2D} */ (
  document.createElement("canvas").getContext("2d")
);

/**
 * What was drawn of each line.
 * @type {WeakMap<Line, Element>}
 */
const blocks = new WeakMap();

/**
 * @param {HTMLElement} host
 * @param {import("../lib/model.js").Page} page
 */
export function layText(host, page) {
  host.replaceChildren(...linesOf(page).map(layLine));
}

/**
 * The lines of a page that is drawn, of which some words are others now.
 * @param {import("../lib/model.js").Page} page
 * @param {Set<import("../lib/model.js").Word>} words
 */
export function layWords(page, words) {
  for (const line of linesOf(page).filter((one) => one.words.some((word) => words.has(word))))
    blocks.get(line)?.replaceWith(layLine(line));
}

/** @param {import("../lib/model.js").Page} page */
function linesOf({ zones }) {
  return zones.flatMap(({ lines = [] }) => lines).filter(({ words }) => words?.length);
}

/** @param {Line} line */
function layLine(line) {
  const [start, end, , below] = line.quad;
  const height = distance(start, below) || 1;
  const angle = Math.atan2(end[1] - start[1], end[0] - start[0]);
  const rightToLeft = line.direction === "rtl";
  const along = (/** @type {Dot} */ [x, y]) =>
    (x - start[0]) * Math.cos(angle) + (y - start[1]) * Math.sin(angle);
  const spans = line.words
    .filter((word) => word.text)
    .map((word) => {
      const places = word.quad.map(along);
      return { word, from: Math.min(...places), to: Math.max(...places) };
    });
  const length = distance(start, end);
  const font = height * 0.8;
  const block = document.createElement("div");
  blocks.set(line, block);
  measure.font = `100px ${FACE}`;
  setScaled(block, {
    left: start[0],
    top: start[1],
    height,
    "line-height": height,
    "font-size": font,
    width: length,
  });
  block.style.transform = `rotate(${angle}rad)`;
  if (rightToLeft) block.dir = "rtl";

  spans.forEach(({ word, from, to }, at) => {
    const next = spans[at + 1];
    const reach = !next ? to - from : rightToLeft ? to - next.to : next.from - from;
    const span = document.createElement("span");
    const natural = (measure.measureText(word.text).width / 100) * font;
    const letters = Math.max(1, [...word.text].length);
    span.textContent = next ? word.text + gapOf(word.text, next.word.text) : word.text;
    setScaled(span, {
      width: Math.max(0, reach),
      "letter-spacing": (to - from - natural) / letters,
    });
    if (!at)
      setScaled(span, rightToLeft ? { "margin-right": length - to } : { "margin-left": from });
    block.append(span);
  });
  block.append("\n");
  return block;
}

/**
 * Lengths in page pixels, which the zoom scales.
 * @param {HTMLElement} element
 * @param {Record<string, number>} lengths
 */
function setScaled(element, lengths) {
  for (const [name, px] of Object.entries(lengths))
    element.style.setProperty(name, `calc(var(--s) * ${px.toFixed(3)}px)`);
}
