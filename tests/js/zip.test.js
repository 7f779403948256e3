import assert from "node:assert/strict";
import { test } from "node:test";
import { apart, crc32, zipOf } from "../../ocr_server/static/js/lib/zip.js";

test("the checksum is that of the standard", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

test("an archive has a directory of its files, where they begin", async () => {
  const files = [
    { name: "a.txt", content: new Blob(["one"]) },
    { name: "ä.txt", content: new Blob(["zwei"]) },
  ];

  const bytes = new Uint8Array(await (await zipOf(files)).arrayBuffer());

  const view = new DataView(bytes.buffer);
  const end = bytes.length - 22;
  assert.equal(view.getUint32(end, true), 0x06054b50);
  assert.equal(view.getUint16(end + 10, true), 2);
  const directory = view.getUint32(end + 16, true);
  assert.equal(view.getUint32(directory, true), 0x02014b50);
  const second = directory + 46 + "a.txt".length;
  const begin = view.getUint32(second + 42, true);
  assert.equal(view.getUint32(begin, true), 0x04034b50);
  const name = new TextEncoder().encode("ä.txt");
  assert.deepEqual(bytes.slice(begin + 30, begin + 30 + name.length), name);
  const content = bytes.slice(begin + 30 + name.length, begin + 30 + name.length + 4);
  assert.equal(new TextDecoder().decode(content), "zwei");
});

test("names of an archive stand once each", () => {
  assert.deepEqual(apart(["a.txt", "b.txt", "a.txt"]), ["a.txt", "b.txt", "a (2).txt"]);
});
