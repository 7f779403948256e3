// What each module of the pages holds to, whatever it does.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

const ROOT = new URL("../../ocr_server/static/js/", import.meta.url);
const FOLDERS = ["lib", "desk", "upload", "camera"]; // each imports from itself and those before it
const CLASSIC = "lib/boot.js"; // runs before the first paint
const OF_THE_BROWSER = /\b(?:document|window|navigator|localStorage|sessionStorage|fetch)\b[.?(]/;

const modules = new Map(
  readdirSync(ROOT, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".js"))
    .map((path) => [path, readFileSync(new URL(path, ROOT), "utf8")]),
);

/** The comment that a module begins with. */
function headOf(text) {
  return /^(?:\/\/[^\n]*\n)+/.exec(text)?.[0] ?? "";
}

/** What a module imports, at once or later, and for its types; by path in the folder. */
function importsOf(path, text) {
  const found = text.matchAll(/(?:from |import\()"(\.[^"]+)"/g);
  return [...found].map(([, name]) => posix.join(posix.dirname(path), name));
}

const isPure = (path) => headOf(modules.get(path) ?? "").includes("// Pure. ");

test("every module lies in one of the folders", () => {
  assert.ok(modules.size > 50);
  for (const path of modules.keys()) assert.ok(FOLDERS.includes(path.split("/")[0]), path);
});

for (const [path, text] of modules) {
  test(`${path} exports enhance, or says why not`, () => {
    const says = isPure(path) || headOf(text).includes("// No `enhance`");

    assert.notEqual(text.includes("export function enhance("), says);
  });

  test(`${path} imports only from its own folder and those before it`, () => {
    const rank = FOLDERS.indexOf(path.split("/")[0]);

    for (const name of importsOf(path, text)) {
      assert.ok(modules.has(name), name);
      assert.ok(FOLDERS.indexOf(name.split("/")[0]) <= rank, name);
    }
  });

  test(`${path} is checked for its types`, () => {
    assert.equal(text.startsWith("// @ts-check\n"), path !== CLASSIC);
  });

  if (isPure(path)) {
    test(`${path} needs no browser`, () => {
      const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, "");

      assert.doesNotMatch(code, OF_THE_BROWSER);
      for (const name of importsOf(path, code)) assert.ok(isPure(name), name);
    });
  }
}
