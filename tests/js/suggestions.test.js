import assert from "node:assert/strict";
import { test } from "node:test";
import { suggestionsFor } from "../../ocr_server/static/js/desk/suggestions.js";

const LOOK_ALIKES = [
  ["rn", "m"],
  ["I", "l"],
];

function suggest(text, others, word = {}) {
  return suggestionsFor({ text, ...word }, [text, ...others], LOOK_ALIKES);
}

test("the engine's own alternatives come first, after what was corrected", () => {
  const word = { alternatives: [{ text: "ferry" }], corrected_from: "fery" };

  assert.deepEqual(suggest("feny", ["penny"], word).slice(0, 2), ["fery", "ferry"]);
});

test("a look-alike is suggested only where it stands elsewhere in the document", () => {
  assert.deepEqual(suggest("lt", ["It"]), ["It"]);
  assert.deepEqual(suggest("modem", ["modern"]), ["modern"]);
  assert.deepEqual(suggest("lt", ["other"]), []);
});

test("a longer word that is one letter apart is suggested too, once", () => {
  assert.deepEqual(suggest("house", ["horse", "houses", "hose", "horse", "mouses"]), [
    "horse",
    "houses",
    "hose",
  ]);
});
