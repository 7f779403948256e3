// @ts-check
// Pure. A line written anew: words that stay keep their places, others get theirs from what they
// stand for.

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Line} Line
 * @typedef {import("../lib/geometry.js").Dot} Dot
 * @typedef {[Dot, Dot]} Edge across the line, its upper and its lower end
 */

/**
 * @param {Line} line
 * @param {string[]} texts its words from now on
 * @returns {Line}
 */
export function rewritten(line, texts) {
  const old = line.words.filter((word) => word.text);
  const kept = commonWords(
    old.map((word) => word.text),
    texts,
  );
  /** @type {Word[]} */
  const words = [];
  let [from, next] = [0, 0];
  for (const [was, is] of [...kept, [old.length, texts.length]]) {
    words.push(...filled(line, old, [from, was], texts.slice(next, is)));
    if (was < old.length) words.push(old[was]);
    [from, next] = [was + 1, is + 1];
  }
  return { ...line, words };
}

/**
 * New words in the place of old ones.
 * @param {Line} line
 * @param {Word[]} old
 * @param {[number, number]} range of them
 * @param {string[]} texts
 * @returns {Word[]}
 */
function filled(line, old, [from, to], texts) {
  const gone = old.slice(from, to);
  if (gone.length === texts.length)
    return gone.map((word, at) => ({
      ...word,
      text: texts[at],
      checked: true,
      corrected_from: word.corrected_from ?? word.text,
    }));
  if (!texts.length) return [];
  const ltr = line.direction !== "rtl";
  const [begin, end] = gone.length
    ? [edges(gone[0], ltr)[0], edges(gone[gone.length - 1], ltr)[1]]
    : gap(line, old[from - 1], old[from], texts.join(" ").length, ltr);
  const letters = texts.map((text) => [...text].length);
  const total = letters.reduce((sum, count) => sum + count + 1, -1); // a blank between two words
  let passed = 0;
  return texts.map(function place(text, at) {
    const [one, other] = [
      between(begin, end, passed / total),
      between(begin, end, (passed + letters[at]) / total),
    ];
    passed += letters[at] + 1;
    const [left, right] = ltr ? [one, other] : [other, one];
    /** @type {Dot[]} */
    const quad = [left[0], right[0], right[1], left[1]];
    const [xs, ys] = [quad.map(([x]) => x), quad.map(([, y]) => y)];
    return {
      text,
      quad,
      box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
      confidence: 1,
      checked: true,
    };
  });
}

/**
 * Where a word begins and ends.
 * @param {Word} word
 * @param {boolean} ltr
 * @returns {[Edge, Edge]}
 */
function edges({ quad: [one, two, three, four] }, ltr) {
  return ltr
    ? [
        [one, four],
        [two, three],
      ]
    : [
        [two, three],
        [one, four],
      ];
}

/**
 * The room between two words; at an end of the line, as much as the letters beside it would take.
 * @param {Line} line
 * @param {Word | undefined} before
 * @param {Word | undefined} after
 * @param {number} letters
 * @param {boolean} ltr
 * @returns {[Edge, Edge]}
 */
function gap(line, before, after, letters, ltr) {
  if (before && after) return [edges(before, ltr)[1], edges(after, ltr)[0]];
  const beside = before ?? after;
  if (!beside) return edges(/** @type {any} */ (line), ltr);
  const [begin, end] = edges(beside, ltr);
  const share = letters / Math.max(1, [...beside.text].length);
  return before ? [end, between(begin, end, 1 + share)] : [between(begin, end, -share), begin];
}

/**
 * @param {Edge} one
 * @param {Edge} other
 * @param {number} share of the way
 * @returns {Edge}
 */
function between(one, other, share) {
  const mix = (/** @type {Dot} */ [x, y], /** @type {Dot} */ [u, v]) =>
    /** @type {Dot} */ ([x + (u - x) * share, y + (v - y) * share]);
  return [mix(one[0], other[0]), mix(one[1], other[1])];
}

/**
 * The longest common subsequence, as pairs of indices.
 * @param {string[]} one
 * @param {string[]} other
 * @returns {[number, number][]}
 */
function commonWords(one, other) {
  const longest = Array.from({ length: one.length + 1 }, () => new Array(other.length + 1).fill(0));
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1)
      longest[i][j] =
        one[i] === other[j]
          ? longest[i + 1][j + 1] + 1
          : Math.max(longest[i + 1][j], longest[i][j + 1]);
  }
  /** @type {[number, number][]} */
  const pairs = [];
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    if (one[i] === other[j]) pairs.push([i++, j++]);
    else if (longest[i + 1][j] >= longest[i][j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}
