// Small documents for tests: each letter is 10 pixels wide and 20 high, a blank as wide as a letter.

const LETTER_PX = 10;
const LINE_PX = 20;

/** The box and quad from one place of a line to another. */
export function quadOf(left, right, top) {
  const bottom = top + LINE_PX;
  return {
    box: [left, top, right, bottom],
    quad: [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
    ],
  };
}

export function lineOf(text, { top = 0, confidence = 0.9 } = {}) {
  let left = 0;
  const words = text.split(" ").map((word) => {
    const right = left + word.length * LETTER_PX;
    const made = { text: word, confidence, ...quadOf(left, right, top) };
    left = right + LETTER_PX;
    return made;
  });
  return { text, confidence, words, paragraph: 0, ...quadOf(0, left - LETTER_PX, top) };
}

/** A page with a zone of each list of lines. */
export function pageOf(...zones) {
  return {
    number: 1,
    width_px: 1000,
    height_px: 1000,
    dpi: null,
    text: "",
    confidence: 0.9,
    zones: zones.map((lines) => ({ kind: "text", ...quadOf(0, 1000, 0), lines })),
  };
}
