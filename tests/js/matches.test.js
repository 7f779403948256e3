import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesIn, patternOf, replacedIn } from "../../ocr_server/static/js/desk/matches.js";

const PLAIN = { isRegular: false, isWhole: false, isExact: false };

function lineOf(...texts) {
  return { words: texts.map((text) => ({ text })) };
}

function replaced(line, wanted, instead, how = {}) {
  const pattern = patternOf(wanted, { ...PLAIN, ...how });
  return replacedIn(line, matchesIn(line, pattern), () => instead).join(" ");
}

test("what is searched for may span words, and is found in any case", () => {
  const [match] = matchesIn(lineOf("The", "Ferry", "ticket."), patternOf("ferry tick", PLAIN));

  assert.deepEqual(match, { first: 1, last: 2, from: 0, to: 4, found: "Ferry tick" });
});

test("signs of regular expressions are letters unless they are asked for", () => {
  assert.equal(replaced(lineOf("a.b", "axb"), "a.b", "c"), "c axb");
  assert.equal(replaced(lineOf("a.b", "axb"), "a.b", "c", { isRegular: true }), "c c");
});

test("whole words are no parts of others", () => {
  assert.equal(
    replaced(lineOf("on", "only", "(on)"), "on", "at", { isWhole: true }),
    "at only (at)",
  );
});

test("several places of a line are replaced, also by more words or none", () => {
  assert.equal(replaced(lineOf("one", "two", "one"), "one", "a b"), "a b two a b");
  assert.equal(replaced(lineOf("one", "two", "one"), "one", ""), "two");
  assert.equal(replaced(lineOf("to-day", "is"), "y is", "ys"), "to-days");
});

test("nothing is searched for where a regular expression is none", () => {
  assert.equal(patternOf("(", { ...PLAIN, isRegular: true }), null);
  assert.equal(patternOf("", PLAIN), null);
});

test("ideographs are found across words without blanks", () => {
  const [match] = matchesIn(lineOf("会", "議"), patternOf("会議", PLAIN));

  assert.deepEqual([match.first, match.last], [0, 1]);
});
