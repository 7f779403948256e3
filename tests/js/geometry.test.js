import assert from "node:assert/strict";
import { test } from "node:test";
import { area, distance, inside } from "../../ocr_server/static/js/lib/geometry.js";
import { squareTo } from "../../ocr_server/static/js/lib/perspective.js";

const SQUARE = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
];
const ASLANT = [
  [1, 2],
  [9, 0],
  [12, 9],
  [0, 7],
];

test("the distance is the straight one", () => {
  assert.equal(distance([1, 1], [4, 5]), 5);
});

test("a dot is inside whichever way round the quad goes", () => {
  for (const quad of [SQUARE, SQUARE.toReversed()]) {
    assert.equal(inside(quad, [5, 5]), true);
    assert.equal(inside(quad, [10, 5]), true);
    assert.equal(inside(quad, [11, 5]), false);
    assert.equal(inside(quad, [-1, -1]), false);
  }
});

test("the area is the same whichever way round the quad goes", () => {
  assert.equal(area(SQUARE), 100);
  assert.equal(area(SQUARE.toReversed()), 100);
});

test("the corners of the unit square become those of a quad seen aslant", () => {
  const [a, b, c, d, e, f, g, h] = squareTo(ASLANT);
  const corners = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];

  corners.forEach(([u, v], at) => {
    const w = g * u + h * v + 1;
    const dot = [(a * u + b * v + c) / w, (d * u + e * v + f) / w];
    assert.ok(distance(dot, ASLANT[at]) < 1e-9);
  });
});
