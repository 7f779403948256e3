import assert from "node:assert/strict";
import { test } from "node:test";
import { join, leaveOut, move } from "../../ocr_server/static/js/desk/arranging.js";
import { Draft } from "../../ocr_server/static/js/desk/draft.js";
import { lineOf, pageOf } from "./documents.js";

/** A draft of pages with a line each. */
function draftOf(...texts) {
  const draft = new Draft("letter.png", [new File([], "letter.png")]);
  texts.forEach((text, at) => draft.addPage({ ...pageOf([lineOf(text)]), number: at + 1 }));
  return draft;
}

const numbersOf = (draft) => draft.pages.map(({ number }) => number);

test("a correction is undone and done again", () => {
  const draft = draftOf("feny boat");
  draft.correct([draft.places[0].word], "ferry");

  assert.equal(draft.text, "ferry boat");
  assert.equal(draft.saved, false);
  assert.equal(draft.step("undo")?.text, "feny");
  assert.equal(draft.text, "feny boat");
  assert.equal("checked" in draft.places[0].word, false);
  draft.step("redo");
  assert.equal(draft.places[0].word.corrected_from, "feny");
  assert.equal(draft.step("redo"), null);
});

test("the corners of a crop come and go with it, and are not sent", () => {
  const draft = draftOf("whole");
  const [page] = draft.pages;
  const cropped = { ...pageOf([lineOf("part")]), corners: "[[0,0],[9,0],[9,9],[0,9]]" };
  draft.replace(page, cropped.zones, null, cropped);

  assert.equal(page.corners, cropped.corners);
  assert.equal("corners" in draft.payload().pages[0], false);

  draft.replace(page, pageOf([lineOf("typed")]).zones); // as when somebody types into a line
  assert.equal(page.corners, cropped.corners);

  draft.step("undo");
  draft.step("undo");
  assert.equal(page.corners, undefined);
  draft.step("redo");
  assert.equal(page.corners, cropped.corners);
});

test("a word that is said to be right is not corrected from anything", () => {
  const draft = draftOf("ferry");
  draft.correct([draft.places[0].word], "ferry");

  assert.equal(draft.places[0].word.checked, true);
  assert.equal(draft.places[0].word.corrected_from, null);
});

test("the time of a reading is not told of another one", () => {
  const draft = draftOf("ferry");
  const [page] = draft.pages;
  draft.ms = 2000;
  draft.replace(page, page.zones, null, pageOf([lineOf("boat")]));

  assert.equal(draft.summary, "1 page, 1 word");
  draft.step("undo");
  assert.equal(draft.summary, "1 page, 1 word, 2.0 s");
});

test("pages stand by their numbers, however they come", () => {
  const draft = draftOf();
  for (const number of [3, 1, 2]) draft.addPage({ ...pageOf(), number });

  assert.deepEqual(numbersOf(draft), [1, 2, 3]);
});

test("a page that is moved or left out comes back", () => {
  const draft = draftOf("one", "two", "three");
  move(draft, draft.pages[0], 1);
  assert.deepEqual(numbersOf(draft), [2, 1, 3]);
  leaveOut(draft, draft.pages[1]);
  assert.deepEqual(numbersOf(draft), [2, 3]);
  draft.step("undo");
  draft.step("undo");

  assert.deepEqual(numbersOf(draft), [1, 2, 3]);
});

test("the pages of other files follow, problems with them", () => {
  const draft = draftOf("one", "two");
  const problem = { page: 2, code: "x", title: "", detail: "" };
  join(draft, { pages: [pageOf()], problems: [problem] }, []);

  assert.deepEqual(numbersOf(draft), [1, 2, 3]);
  assert.equal(draft.document.problems[0].page, 4);
});

test("the words are gathered once, and anew after a change", () => {
  const draft = draftOf("ferry boat");
  const { places } = draft;

  assert.equal(draft.places, places);
  draft.correct([places[0].word], "");
  assert.deepEqual(
    draft.places.map(({ word }) => word.text),
    ["boat"],
  );
});

test("what goes back to the server says its text anew, without words taken out", () => {
  const draft = draftOf("one two", "three");
  draft.correct([draft.places[1].word], "");
  const { text, pages } = draft.payload();

  assert.equal(text, "one\fthree");
  assert.equal(pages[0].zones[0].lines[0].words.length, 1);
});

test("a summary counts pages, words, doubts and seconds", () => {
  const draft = draftOf("one two", "three");
  draft.places[0].word.confidence = 0.5;
  draft.ms = 1234;

  assert.equal(draft.summary, "2 pages, 3 words, 1 doubtful, 1.2 s");
});
