import assert from "node:assert/strict";
import { test } from "node:test";
import { calendarOf, datesIn } from "../../ocr_server/static/js/desk/dates.js";
import { linksIn } from "../../ocr_server/static/js/desk/entities.js";

const days = {
  "by 2026-11-21, please": ["2026-11-21"],
  "am 21.11.2026. Danach": ["2026-11-21"],
  "am 1. 2. 2026": ["2026-02-01"],
  "on 21 November 2026": ["2026-11-21"],
  "on the 21st\nNovember, 2026": ["2026-11-21"],
  "on November 21, 2026.": ["2026-11-21"],
  "NOV. 3rd 2026 and 3 Nov 2026": ["2026-11-03"],
  "am 3. März 2026 oder 2. Dezember 2026": ["2026-03-03", "2026-12-02"],
  "03/04/2026, 3-4-2026, 03.04.26, March 2026": [],
  "2026-02-30, 31.04.2026, 31 June 2026, 0000-01-01": [],
  "12026-11-21, 2026-11-211, 1.21.11.2026, 21.11.2026.5, /2026-11-21/x": [],
};

for (const [text, expected] of Object.entries(days)) {
  test(`only what can be one day alone is a date: ${text}`, () => {
    const found = datesIn(text, ["de"]).map(({ iso }) => iso);

    assert.deepEqual(found, expected);
  });
}

test("a calendar's lines are no longer than 75 bytes", () => {
  const [day] = datesIn(`am 21.11.2026 ${"ü".repeat(90)}; ja, \\`, ["de"]);
  const entry = calendarOf(day);

  const longest = Math.max(...entry.split("\r\n").map((line) => Buffer.byteLength(line)));
  assert.ok(longest <= 75);
  assert.ok(entry.replaceAll("\r\n ", "").includes("ü\\; ja\\, \\\\\r\n"));
});

const links = {
  "see www.example.org/a, or": ["https://www.example.org/a"],
  "(https://example.org/a?b=c).": ["https://example.org/a?b=c"],
  "to post@example.org.": ["mailto:post@example.org"],
  "call +44 20 7946 0018 by": ["tel:+442079460018"],
  "03/04/2026 and 1914-1918": [],
  "twice www.example.org, www.example.org": ["https://www.example.org"],
};

for (const [text, expected] of Object.entries(links)) {
  test(`what can be followed is found: ${text}`, () => {
    assert.deepEqual(
      linksIn(text).map(({ href }) => href),
      expected,
    );
  });
}
