import assert from "node:assert/strict";
import { test } from "node:test";
import { cellsOf, followInk } from "../../ocr_server/static/js/camera/ink.js";
import { keepLines } from "../../ocr_server/static/js/camera/written-lines.js";

const WIDTH = 320;
const HEIGHT = 160;

/**
 * A look at white paper with strokes of ink, and with hands, as boxes in pixels.
 * @param {{ink?: number[][], hands?: number[][]}} drawn
 */
function look({ ink = [], hands = [] }) {
  const data = new Uint8ClampedArray(4 * WIDTH * HEIGHT).fill(230);
  const paint = (
    /** @type {number[]} */ [left, top, right, bottom],
    /** @type {number} */ level,
  ) => {
    for (let y = top; y < bottom; y += 1)
      data.fill(level, 4 * (y * WIDTH + left), 4 * (y * WIDTH + right));
  };
  for (const stroke of ink) paint(stroke, 60);
  for (const hand of hands) paint(hand, 120);
  return cellsOf(/** @type {ImageData} */ ({ data, width: WIDTH, height: HEIGHT }));
}

/** A film of looks, one every tenth of a second: what each found to read. Blank paper was read. */
function follow() {
  const { columns, rows } = look({});
  const ink = followInk(columns, rows);
  let ms = 0;
  const film = {
    ink,
    /**
     * @param {Parameters<typeof look>[0]} drawn
     * @param {number} times
     */
    show(drawn, times = 5) {
      let found = null;
      for (let at = 0; at < times; at += 1) {
        ms += 100;
        found = ink.look(look(drawn), ms) ?? found;
      }
      return found;
    },
  };
  assert.deepEqual(film.show({}), { top: 0, bottom: rows });
  ink.settle({ top: 0, bottom: rows }, look({}));
  return film;
}

const FIRST = [20, 34, 60, 36];
const SECOND = [20, 98, 80, 100];
const HAND = [70, 20, 140, 70];

test("blank paper is not read again", () => {
  assert.equal(follow().show({}, 10), null);
});

test("ink is read once it stands still, and only once", () => {
  const film = follow();

  assert.equal(film.show({ ink: [FIRST] }, 2), null);
  const rows = film.show({ ink: [FIRST] });
  assert.deepEqual(rows, { top: 4, bottom: 5 });
  film.ink.settle(rows, look({ ink: [FIRST] }));
  assert.equal(film.show({ ink: [FIRST] }, 10), null);
});

test("new ink is read without the lines that stand", () => {
  const film = follow();
  film.show({ ink: [FIRST] });
  film.ink.settle({ top: 4, bottom: 5 }, look({ ink: [FIRST] }));

  assert.deepEqual(film.show({ ink: [FIRST, SECOND] }), { top: 12, bottom: 13 });
});

test("nothing is read in rows that a hand covers, but elsewhere", () => {
  const film = follow();

  assert.equal(film.show({ ink: [FIRST], hands: [HAND] }, 10), null);
  assert.deepEqual(film.show({ ink: [SECOND], hands: [HAND] }, 10), { top: 12, bottom: 13 });
  film.ink.settle({ top: 12, bottom: 13 }, look({ ink: [SECOND] }));
  assert.deepEqual(film.show({ ink: [FIRST, SECOND] }), { top: 4, bottom: 5 });
});

const line = (/** @type {string} */ text, top = 0, left = 0) => ({
  text,
  left,
  top,
  bottom: top + 30,
});

test("lines grow in order, and pieces of a row are one line", () => {
  const lines = keepLines();
  lines.put([line("second", 100)], { top: 90, bottom: 140 });
  lines.put([line("line", 5, 200), line("first", 0, 10)], { top: 0, bottom: 40 });

  assert.deepEqual(
    lines.all.map(({ text }) => text),
    ["first line", "second"],
  );
});

test("a line that grows stays the same line", () => {
  const lines = keepLines();
  const [before] = lines.put([line("Dear")], { top: 0, bottom: 40 });
  const [after] = lines.put([line("Dear friend")], { top: 0, bottom: 40 });

  assert.equal(after.id, before.id);
  assert.deepEqual(
    lines.all.map(({ text }) => text),
    ["Dear friend"],
  );
});

test("what a person corrected stays", () => {
  const lines = keepLines();
  const [one] = lines.put([line("Deor")], { top: 0, bottom: 40 });
  Object.assign(one, { text: "Dear", corrected: true });

  assert.deepEqual(lines.put([line("Deor")], { top: 0, bottom: 40 }), []);
  assert.equal(lines.all[0].text, "Dear");
});

test("lines of a page that was turned stay, before those of the next", () => {
  const lines = keepLines();
  lines.put([line("one", 50)], { top: 0, bottom: 200 });
  lines.put([], { top: 0, bottom: 200 });
  lines.put([line("two", 10)], { top: 0, bottom: 200 });

  assert.deepEqual(
    lines.all.map(({ text }) => text),
    ["one", "two"],
  );
});

test("what stands when one begins is read, too", () => {
  const { columns, rows } = look({});
  const ink = followInk(columns, rows);
  const seen = look({ ink: [FIRST] });

  for (const ms of [0, 100]) assert.equal(ink.look(seen, ms), null);
  assert.deepEqual(ink.look(seen, 200), { top: 0, bottom: rows });
});

test("a line is read whole", () => {
  const lines = keepLines();
  lines.put([line("one", 50)], { top: 0, bottom: 200 });

  const { top, bottom } = lines.partOf({ top: 60, bottom: 70 }, 0);
  assert.ok(top < 50);
  assert.ok(bottom > 80);
});

test("a line beside the one that grows is not read again, and stays", () => {
  const lines = keepLines();
  const written = [line("over", 50), line("new", 100), line("under", 150)];
  lines.put(written, { top: 0, bottom: 200 });

  const part = lines.partOf({ top: 90, bottom: 130 }, 100);
  assert.deepEqual(part, { top: 74, bottom: 150 });
  const edge = { text: "ovor", left: 0, top: 76, bottom: 82 };
  lines.put([edge, line("new words", 101)], part);
  assert.deepEqual(
    lines.all.map(({ text, gone }) => [text, gone]),
    [
      ["over", false],
      ["new words", false],
      ["under", false],
    ],
  );
});

test("lines whose boxes overlap are not taken for each other", () => {
  const lines = keepLines();
  lines.put([line("over", 50)], { top: 0, bottom: 200 });

  const part = lines.partOf({ top: 68, bottom: 98 }, 100);
  lines.put([line("new", 70)], part);
  assert.deepEqual(
    lines.all.map(({ text, gone }) => [text, gone]),
    [
      ["over", false],
      ["new", false],
    ],
  );
});
