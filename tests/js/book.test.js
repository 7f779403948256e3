import assert from "node:assert/strict";
import { test } from "node:test";
import { foldOf } from "../../ocr_server/static/js/camera/book.js";

/** A picture of an open book: paper with print, and with a shadow about the fold if there is one. */
function bookOf({ fold = null, width = 200, height = 100 }) {
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const shadow = fold === null ? 0 : Math.max(0, 60 - 10 * Math.abs(x - fold));
      const isPrint = y % 5 === 0 && x % 3 > 0 && Math.abs(x - (fold ?? 100)) > 15;
      data.fill(isPrint ? 30 : 220 - shadow, 4 * (y * width + x), 4 * (y * width + x) + 3);
    }
  }
  return { data, width, height };
}

for (const fold of [80, 100, 118]) {
  test(`the fold of a book at ${fold} of 200 is found by its shadow`, () => {
    assert.equal(foldOf(bookOf({ fold })), (fold + 0.5) / 200);
  });
}

test("without a shadow the fold is the middle, whatever is printed", () => {
  assert.equal(foldOf(bookOf({})), 0.5);
});
