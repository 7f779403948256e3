import assert from "node:assert/strict";
import { test } from "node:test";
import { hintFor } from "../../ocr_server/static/js/camera/hints.js";

const PAGE = [
  [100, 100],
  [540, 100],
  [540, 400],
  [100, 400],
];
const GOOD = {
  width_px: 640,
  height_px: 480,
  brightness: 0.6,
  outline: PAGE,
  glare: 0,
  motion: 0,
  sharpness: 200,
  lost: 0,
  isBook: false,
};

const cases = {
  ready: {},
  dark: { brightness: 0.1 },
  nothing: { outline: null, lost: 1 },
  edgeless: { outline: null, lost: 9 },
  far: { outline: PAGE.map(([x, y]) => [x / 4 + 200, y / 4 + 200]) },
  cut: { outline: PAGE.map(([x, y]) => [x - 99, y]) },
  aslant: { outline: [[250, 100], [400, 100], ...PAGE.slice(2)] },
  glare: { glare: 0.1 },
  fast: { motion: 10 },
  blurred: { sharpness: 10 },
  unsteady: { motion: 4 },
};

for (const [code, seen] of Object.entries(cases)) {
  test(`the hint is ${code}`, () => {
    assert.equal(hintFor({ ...GOOD, ...seen }).code, code);
  });
}

test("an open book needs no outline", () => {
  assert.equal(hintFor({ ...GOOD, outline: null, lost: 9, isBook: true }).code, "ready");
});

test("only the first hint that applies is given", () => {
  assert.equal(hintFor({ ...GOOD, brightness: 0.1, outline: null, motion: 10 }).code, "dark");
});
