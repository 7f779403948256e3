import assert from "node:assert/strict";
import { test } from "node:test";
import { byName, canTrim } from "../../ocr_server/static/js/lib/files.js";
import { seconds, size, tooLarge } from "../../ocr_server/static/js/lib/quantities.js";

test("a size has at most two figures behind its unit's point, and none that is 0", () => {
  assert.equal(size(1), "1 byte");
  assert.equal(size(1023), "1,023 bytes");
  assert.equal(size(1024), "1 KiB");
  assert.equal(size(1536), "1.5 KiB");
  assert.equal(size(50 * 1024 * 1024), "50 MiB");
});

test("what is too large says by how much", () => {
  assert.match(tooLarge(2 * 1024 ** 2, 1024 ** 2), /^That is 2 MiB; the limit is 1 MiB\./);
});

test("times are seconds, with a tenth as long as they are few", () => {
  assert.equal(seconds(949), "0.9 s");
  assert.equal(seconds(9949), "9.9 s");
  assert.equal(seconds(9950), "10 s");
});

test("files stand in the order of their numbers", () => {
  const names = ["page 10.png", "page 2.png", "Page 1.png"];

  assert.deepEqual(names.sort(byName.compare), ["Page 1.png", "page 2.png", "page 10.png"]);
});

test("only a lone picture that a browser shows can be cropped", () => {
  assert.equal(canTrim([{ type: "image/png", size: 9 }]), true);
  assert.equal(canTrim([{ type: "image/tiff", size: 9 }]), false);
  assert.equal(canTrim([{ type: "image/png", size: 0 }]), false);
  assert.equal(
    canTrim([
      { type: "image/png", size: 9 },
      { type: "image/png", size: 9 },
    ]),
    false,
  );
});
