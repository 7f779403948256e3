// @ts-check
// What a word may be instead.

/** @typedef {import("../lib/model.js").Word} Word */

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
