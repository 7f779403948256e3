// @ts-check
// Pure. What a word may be instead.

/** @typedef {import("../lib/model.js").Word} Word */

/**
 * Other readings: the engine's own, then look-alikes that stand elsewhere in the document.
 * @param {Word} word
 * @param {string[]} others
 * @param {[string, string][]} lookAlikes letters that engines take for each other
 */
export function suggestionsFor(word, others, lookAlikes) {
  const given = (word.alternatives ?? []).map((alternative) => alternative.text);
  const known = new Set(others);
  const swapped = lookAlikes.flatMap(([one, other]) => [
    ...exchanged(word.text, one, other),
    ...exchanged(word.text, other, one),
  ]);
  const near = others.filter(
    (text) => text.length > 3 && text !== word.text && oneLetterApart(text, word.text),
  );
  const was = word.corrected_from ? [word.corrected_from] : [];
  return [
    ...new Set([...was, ...given, ...swapped.filter((text) => known.has(text)), ...near]),
  ].filter((text) => text !== word.text);
}

/**
 * A text with one of its look-alikes exchanged, each in turn.
 * @param {string} text
 * @param {string} seen
 * @param {string} other
 */
function exchanged(text, seen, other) {
  const parts = text.split(seen);
  return parts
    .slice(1)
    .map((_, at) => parts.slice(0, at + 1).join(seen) + other + parts.slice(at + 1).join(seen));
}

/**
 * @param {string} one
 * @param {string} other
 */
function oneLetterApart(one, other) {
  if (Math.abs(one.length - other.length) > 1) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const rest = [one.slice(at), other.slice(at)];
  return (
    rest[0].slice(1) === rest[1].slice(1) ||
    rest[0].slice(1) === rest[1] ||
    rest[0] === rest[1].slice(1)
  );
}
