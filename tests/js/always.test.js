import assert from "node:assert/strict";
import { test } from "node:test";
import { ruled, ruleOf } from "../../ocr_server/static/js/lib/always.js";

test("a rule has not the marks that both words have", () => {
  assert.deepEqual(ruleOf("(Kowaiczyk,", "(Kowalczyk,"), ["Kowaiczyk", "Kowalczyk"]);
  assert.deepEqual(ruleOf("l,", "1."), ["l,", "1."]);
});

test("a rule holds for the word beside other marks, and not for a part of another", () => {
  const rules = new Map([["Kowaiczyk", "Kowalczyk"]]);

  assert.equal(ruled(rules, "“Kowaiczyk”."), "“Kowalczyk”.");
  assert.equal(ruled(rules, "Kowaiczyks"), "Kowaiczyks");
});

test("a rule of marks holds for them alone", () => {
  const rules = new Map([["|", "I"]]);

  assert.equal(ruled(rules, "|"), "I");
  assert.equal(ruled(rules, "|2|"), "|2|");
});
