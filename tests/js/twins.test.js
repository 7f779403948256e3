// What the server and the scripts decide alike, by one table of examples; `tests/test_twins.py`
// holds the server to the same table.
import assert from "node:assert/strict";
import { test } from "node:test";
import { joinLines } from "../../ocr_server/static/js/desk/line-join.js";
import { gapOf } from "../../ocr_server/static/js/lib/model.js";
import twins from "../data/twins.json" with { type: "json" };

for (const [lines, expected] of twins.joined) {
  test(`lines are joined as the server does: ${lines.join(" / ")}`, () => {
    assert.equal(joinLines(lines), expected);
  });
}

for (const [before, after, hasBlank] of twins.blank_between) {
  test(`a blank stands between ${before} and ${after}: ${hasBlank}`, () => {
    assert.equal(gapOf(before, after), hasBlank ? " " : "");
  });
}
