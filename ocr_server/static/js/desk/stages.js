// @ts-check
// Pure. The stages of reading a page, as the desk lists them.
import { _ } from "../lib/words.js";

/**
 * @typedef {import("../lib/answers.js").StageOutcome} StageOutcome
 * @typedef {import("../lib/declarations.js").StageKind} StageKind
 * @typedef {import("../lib/model.js").Page} Page
 */

/**
 * What was done to a page, by stage; the name is empty where the stage cannot be left out.
 * @param {Page} page
 * @param {StageKind[]} kinds
 */
export function doneStages(page, kinds) {
  const names = new Set(kinds.map(({ name }) => name));
  return (page.stages ?? [])
    .filter(({ did }) => did)
    .map(({ name, found, did, ms }) => ({
      name: names.has(name) ? name : "",
      words: found ? `${did} (${found})` : did,
      ms,
    }));
}

/**
 * What the stages of the picture measured where nothing had to be done.
 * @param {Page} page
 * @param {StageKind[]} kinds
 */
export function fineFindings(page, kinds) {
  const names = new Set(kinds.filter(({ of_picture: is }) => is).map(({ name }) => name));
  const fine = (page.stages ?? []).filter(
    ({ name, found, did, outcome }) => names.has(name) && found && !did && outcome === "not-needed",
  );
  return [...new Set(fine.map(({ found }) => found))];
}

/**
 * The stages that the request left out.
 * @param {Page} page
 */
export function skippedStages(page) {
  return namesOf(page, "skipped");
}

/**
 * The stages that ran out of time.
 * @param {Page} page
 */
export function lateStages(page) {
  return namesOf(page, "out-of-time");
}

/**
 * @param {Page} page
 * @param {StageOutcome} wanted
 */
function namesOf(page, wanted) {
  return (page.stages ?? []).filter(({ outcome }) => outcome === wanted).map(({ name }) => name);
}

/**
 * The label of a stage, for one that did nothing; its name where it has none.
 * @param {string} name
 * @param {StageKind[]} kinds
 */
export function labelOf(name, kinds) {
  return kinds.find((kind) => kind.name === name)?.label ?? name;
}

/**
 * The changes of the picture before recognition, in order, each with the stages that a picture of
 * that moment leaves out. The last is not listed: its picture is the one that was read.
 * @param {Page} page
 */
export function stepsBeforeReading(page) {
  const stages = page.stages ?? [];
  const end = Math.max(
    0,
    stages.findIndex(({ name }) => name === "read"),
  );
  // The picture after decoding is the page itself.
  const before = stages.slice(0, end).filter(({ name }) => name !== "decode");
  const skipped = skippedStages(page);
  return before
    .filter(({ did }) => did)
    .slice(0, -1)
    .map((stage) => {
      const later = before.slice(before.indexOf(stage) + 1).map(({ name }) => name);
      return {
        words: _("After: {did}", { did: stage.did }),
        without: [...new Set([...skipped, ...later])].join(),
      };
    });
}
