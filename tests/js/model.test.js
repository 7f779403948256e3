import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compactJson,
  isConfirmed,
  lineText,
  pagesText,
  pageText,
  paragraphsOf,
  placesOf,
} from "../../ocr_server/static/js/lib/model.js";
import { tagOf } from "../../ocr_server/static/js/lib/words.js";
import { lineOf, pageOf } from "./documents.js";

test("a page's text has a line each, and an empty line between paragraphs and zones", () => {
  const [one, two, three] = [lineOf("one two"), lineOf("three"), lineOf("four")];
  three.paragraph = 1;
  const page = pageOf([one, two, three], [lineOf("five")]);

  assert.equal(pageText(page), "one two\nthree\n\nfour\n\nfive");
});

test("lines are joined as they are to be, rows of tables never", () => {
  const page = pageOf(
    [lineOf("one"), lineOf("two")],
    [lineOf("a 1"), { ...lineOf("b 2"), paragraph: 1 }],
  );
  page.zones[1].table = { rows: 2, columns: 2, cells: [] };

  assert.equal(pagesText([page, page]), "one\ntwo\n\na 1\nb 2\n\none\ntwo\n\na 1\nb 2");
  assert.equal(
    pageText(page, (lines) => lines.join(" ")),
    "one two\n\na 1\nb 2",
  );
});

test("a word without text is not there", () => {
  const line = lineOf("one two three");
  line.words[1].text = "";

  assert.equal(lineText(line), "one three");
  assert.deepEqual(
    placesOf(pageOf([line])).map(({ word }) => word.text),
    ["one", "three"],
  );
});

test("a line is confirmed when each of its words is checked", () => {
  const [all, half, none] = [lineOf("one two"), lineOf("one two"), lineOf("")];
  for (const word of all.words) word.checked = true;
  half.words[0].checked = true;
  none.words = [];

  assert.deepEqual([all, half, none].map(isConfirmed), [true, false, false]);
});

test("a zone without lines has no paragraphs", () => {
  assert.deepEqual(paragraphsOf({ kind: "picture", box: [0, 0, 1, 1], quad: [] }), []);
});

test("what follows from the rest of a document is not sent", () => {
  const [level, skewed] = [lineOf("one"), lineOf("two")];
  skewed.quad = skewed.quad.map(([x, y]) => [x, y + x / 100]);
  const page = { ...pageOf([level, skewed]), text: "one\ntwo" };
  page.zones[0].paragraphs = [{ text: "one two" }];

  const sent = JSON.parse(compactJson({ text: "one\ntwo", pages: [page] }));

  const [zone] = sent.pages[0].zones;
  assert.deepEqual(Object.keys(sent), ["pages"]);
  assert.equal("text" in sent.pages[0], false);
  assert.equal("paragraphs" in zone, false);
  assert.deepEqual(zone.lines[0], {
    confidence: 0.9,
    words: [{ text: "one", confidence: 0.9, box: level.words[0].box }],
    paragraph: 0,
    box: level.box,
  });
  assert.deepEqual(zone.lines[1].quad, skewed.quad);
  assert.equal("box" in zone.lines[1], false);
});

test("a language is named as browsers name it", () => {
  assert.equal(tagOf("deu"), "de");
  assert.equal(tagOf("chi_sim"), "zh");
  assert.equal(tagOf("no language"), "en");
  assert.equal(tagOf(null), "en");
});
