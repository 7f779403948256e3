import assert from "node:assert/strict";
import { test } from "node:test";

const WORDS = "../../ocr_server/static/js/lib/words.js";

/** The module as a page with that catalogue has it. */
async function wordsOf(catalogue) {
  globalThis.catalogue = catalogue;
  try {
    return await import(`${WORDS}?${catalogue?.language ?? ""}`);
  } finally {
    delete globalThis.catalogue;
  }
}

test("without a catalogue a message is its English", async () => {
  const { _, language } = await wordsOf();

  assert.equal(language, "en");
  assert.equal(_("Page {n} of {all}", { n: 2, all: "3" }), "Page 2 of 3");
  assert.equal(_("{n} page|{n} pages", { n: 1 }), "1 page");
  assert.equal(_("{n} page|{n} pages", { n: 1234 }), "1,234 pages");
});

test("numbers and plurals are those of the language", async () => {
  const pages = { one: "صفحة واحدة", two: "صفحتان", few: "{n} صفحات", other: "{n} صفحة" };
  const { _ } = await wordsOf({ language: "ar", messages: { "{n} page|{n} pages": pages } });

  assert.deepEqual(
    [1, 2, 3, 100].map((n) => _("{n} page|{n} pages", { n })),
    ["صفحة واحدة", "صفحتان", "3 صفحات", "100 صفحة"],
  );
});

test("what is not translated stays English, and so does its plural", async () => {
  const { _, written } = await wordsOf({ language: "de", messages: { "Hold still.": "" } });

  assert.equal(_("Hold still."), "Hold still.");
  assert.equal(_("{n} page|{n} pages", { n: 0 }), "0 pages");
  assert.equal(written(1234.56, 1), "1.234,6");
});
