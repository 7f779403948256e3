import assert from "node:assert/strict";
import { test } from "node:test";
import {
  doneStages,
  fineFindings,
  labelOf,
  lateStages,
  skippedStages,
  stepsBeforeReading,
} from "../../ocr_server/static/js/desk/stages.js";
import { pageOf } from "./documents.js";

const KINDS = [
  { name: "polarity", label: "Exchange light and dark", of_picture: true },
  { name: "deskew", label: "Straighten", of_picture: true },
  { name: "scale", label: "Bring the letters to size", of_picture: true },
  { name: "rows", label: "Join rows", of_picture: false },
  { name: "rules", label: "Wipe out grids", of_picture: true },
];

function stage(name, found, did, outcome) {
  return { name, found, did, ms: 1, outcome };
}

const PAGE = {
  ...pageOf(),
  stages: [
    stage("polarity", "white on black", "light and dark exchanged", "done"),
    stage("deskew", "a sentence that is nobody's business", "", "skipped"),
    stage("scale", "letters of 20 px", "", "not-needed"),
    stage("read", "7 words", "text read", "done"),
    stage("rows", "one column", "", "not-needed"),
    stage("rules", "the time was over", "", "out-of-time"),
  ],
};

test("what was done can be switched off, but not the reading itself", () => {
  assert.deepEqual(doneStages(PAGE, KINDS), [
    { name: "polarity", words: "light and dark exchanged (white on black)", ms: 1 },
    { name: "", words: "text read (7 words)", ms: 1 },
  ]);
});

test("a stage was skipped where its outcome says so, whatever its sentence", () => {
  assert.deepEqual(skippedStages(PAGE), ["deskew"]);
});

test("a stage that ran out of time is told, and is no finding of the picture", () => {
  assert.deepEqual(lateStages(PAGE), ["rules"]);
  assert.deepEqual(fineFindings(PAGE, KINDS), ["letters of 20 px"]);
});

test("the picture is fine in what a stage of the picture looked for in vain", () => {
  assert.deepEqual(fineFindings(PAGE, KINDS), ["letters of 20 px"]);
});

test("a stage that is not declared has its own name", () => {
  assert.equal(labelOf("deskew", KINDS), "Straighten");
  assert.equal(labelOf("novel", KINDS), "novel");
});

test("each step before the last has a picture without what came later", () => {
  const stages = [stage("polarity", "", "inverted"), stage("deskew", "", "turned"), ...PAGE.stages];
  const page = { ...PAGE, stages: stages.slice(0, 2).concat(stage("read", "", "read")) };

  assert.deepEqual(stepsBeforeReading(page), [{ words: "After: inverted", without: "deskew" }]);
});

test("a picture has no step before the first change of it", () => {
  const stages = [
    stage("decode", "", "decoded"),
    stage("deskew", "", "turned"),
    stage("read", "", "read"),
  ];

  assert.deepEqual(stepsBeforeReading({ ...PAGE, stages }), []);
});

test("a page without stages was taken through none", () => {
  const page = pageOf();

  assert.deepEqual(doneStages(page, KINDS), []);
  assert.deepEqual(skippedStages(page), []);
  assert.deepEqual(stepsBeforeReading(page), []);
});
