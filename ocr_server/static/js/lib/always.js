// @ts-check
// Corrections that always hold: kept in this browser, and put into each page as it comes.
// No `enhance`: it changes what was read, before anybody shows it.
import { placesOf } from "./model.js";
import { recall, remember } from "./storage.js";

/** @typedef {Map<string, string>} Rules what a word is read as, and what it is */

const AROUND = /^([^\p{L}\p{N}]*)(.*?)([^\p{L}\p{N}]*)$/u; // marks beside a word

/** @returns {Rules} */
export function keptRules() {
  try {
    return new Map(JSON.parse(recall("corrections", "[]")));
  } catch {
    return new Map();
  }
}

/** @param {Rules} rules */
export function keepRules(rules) {
  remember("corrections", JSON.stringify([...rules]));
}

/**
 * A correction without the marks that both words have, so that it holds beside other ones too.
 * @param {string} from
 * @param {string} to
 * @returns {[string, string]}
 */
export function ruleOf(from, to) {
  const [, before, core, after] = AROUND.exec(from) ?? [];
  const [, left, word, right] = AROUND.exec(to) ?? [];
  return core && word && before === left && after === right ? [core, word] : [from, to];
}

/**
 * What a word is by the rules, or the word itself.
 * @param {Rules} rules
 * @param {string} text
 */
export function ruled(rules, text) {
  const [, before, core, after] = AROUND.exec(text) ?? [];
  const word = rules.get(core);
  return rules.get(text) ?? (word === undefined ? text : before + word + after);
}

/** @param {import("./model.js").Page} page */
export function correct(page) {
  const rules = keptRules();
  if (!rules.size) return;
  for (const { word } of placesOf(page)) {
    const text = ruled(rules, word.text);
    if (text === word.text) continue;
    word.corrected_from ??= word.text;
    word.text = text;
    word.checked = true;
  }
}
