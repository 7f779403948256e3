// @ts-check
// Pure. What is searched for in a line, and the line with something else in its place.
import { gapOf } from "../lib/model.js";

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Line} Line
 * @typedef {{first: number, last: number, from: number, to: number, found: string}} Match words by
 *   number among those of the line, and letters of the first and the last of them
 */

const SPECIAL = /[\\^$.*+?()[\]{}|]/g;

/**
 * What is searched for; none where nothing is, or where it is no regular expression.
 * @param {string} wanted
 * @param {{isRegular: boolean, isWhole: boolean, isExact: boolean}} how
 */
export function patternOf(wanted, { isRegular, isWhole, isExact }) {
  const source = isRegular ? wanted : wanted.replace(SPECIAL, "\\$&");
  if (!wanted) return null;
  const whole = isWhole ? `(?<![\\p{L}\\p{N}_])(?:${source})(?![\\p{L}\\p{N}_])` : source;
  try {
    return new RegExp(whole, isExact ? "gu" : "giu");
  } catch {
    return null;
  }
}

/** @param {Line} line */
function wordsOf({ words }) {
  return (words ?? []).filter(({ text }) => text);
}

/**
 * @param {Line} line
 * @param {RegExp} pattern global
 * @returns {Match[]}
 */
export function matchesIn(line, pattern) {
  const words = wordsOf(line);
  /** @type {number[]} */
  const begins = [];
  let text = "";
  words.forEach(function add(word, at) {
    if (at) text += gapOf(words[at - 1].text, word.text);
    begins.push(text.length);
    text += word.text;
  });
  const wordAt = (/** @type {number} */ letter) => begins.findLastIndex((begin) => begin <= letter);
  return [...text.matchAll(pattern)]
    .filter(([found]) => found.trim())
    .map(function place({ 0: found, index }) {
      const end = index + found.length;
      const [first, last] = [wordAt(index), wordAt(end - 1)];
      const to = Math.min(end - begins[last], words[last].text.length);
      return { first, last, from: index - begins[first], to, found };
    });
}

/**
 * The words of the line with something else in the place of what was found.
 * @param {Line} line
 * @param {Match[]} matches in their order
 * @param {(found: string) => string} instead
 */
export function replacedIn(line, matches, instead) {
  const texts = wordsOf(line).map(({ text }) => text);
  for (const { first, last, from, to, found } of [...matches].reverse()) {
    const text = texts[first].slice(0, from) + instead(found) + texts[last].slice(to);
    texts.splice(first, last - first + 1, ...text.split(/\s+/).filter(Boolean));
  }
  return texts;
}

/**
 * @param {Line} line
 * @param {Match} match
 * @returns {Word} the first of those that were found
 */
export function wordOf(line, { first }) {
  return wordsOf(line)[first];
}
