import assert from "node:assert/strict";
import { test } from "node:test";
import { rewritten } from "../../ocr_server/static/js/desk/line-rewrite.js";
import { lineOf } from "./documents.js";

/** The words of a line with where they begin and end, to a tenth of a pixel. */
function placesOf({ words }) {
  return words.map(({ text, box }) => [text, ...[box[0], box[2]].map((x) => Number(x.toFixed(1)))]);
}

test("a word that stays keeps its place, and one that is exchanged gets that of the old", () => {
  const line = rewritten(lineOf("the quiek fox"), ["the", "quick", "fox"]);

  assert.deepEqual(placesOf(line), [
    ["the", 0, 30],
    ["quick", 40, 90],
    ["fox", 100, 130],
  ]);
  assert.equal(line.words[1].corrected_from, "quiek");
  assert.equal(line.words[1].checked, true);
  assert.equal(line.words[0].checked, undefined);
});

test("a word that is parted shares its place by letters", () => {
  const line = rewritten(lineOf("thefox ran"), ["the", "fox", "ran"]);

  assert.deepEqual(placesOf(line), [
    ["the", 0, 25.7],
    ["fox", 34.3, 60],
    ["ran", 70, 100],
  ]);
});

test("a word between two others gets the room between them", () => {
  const line = rewritten(lineOf("one two"), ["one", "and", "two"]);

  assert.deepEqual(placesOf(line)[1], ["and", 30, 40]);
});

test("a word at the end gets as much room as its letters would take", () => {
  const line = rewritten(lineOf("one two"), ["one", "two", "three"]);

  assert.deepEqual(placesOf(line)[2], ["three", 70, 120]);
});

test("a word that is not there any more leaves the others where they are", () => {
  const line = rewritten(lineOf("one two three"), ["one", "three"]);

  assert.deepEqual(placesOf(line), [
    ["one", 0, 30],
    ["three", 80, 130],
  ]);
});

test("from right to left, what comes first stands on the right", () => {
  const line = { ...lineOf("abcdef"), direction: "rtl" };
  const [first, second] = rewritten(line, ["abc", "def"]).words;

  assert.ok(first.box[0] > second.box[2]);
});
