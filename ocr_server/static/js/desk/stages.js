// @ts-check
// Pure. The stages that a page was taken through, as a person is told of them.

/**
 * @typedef {import("../lib/declarations.js").StageKind} StageKind
 * @typedef {import("../lib/model.js").Page} Page
 */

/**
 * What was done to a page, by stages that can be left out or, without a name, by others.
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
 * In what the picture was found to be fine.
 * @param {Page} page
 * @param {StageKind[]} kinds
 */
export function fineFindings(page, kinds) {
  const names = new Set(kinds.filter(({ of_picture: is }) => is).map(({ name }) => name));
  const fine = (page.stages ?? []).filter(
    ({ name, found, did, outcome }) => names.has(name) && found && !did && outcome !== "skipped",
  );
  return [...new Set(fine.map(({ found }) => found))];
}

/**
 * The stages that a page was read without, as somebody asked.
 * @param {Page} page
 */
export function skippedStages(page) {
  return (page.stages ?? []).filter(({ outcome }) => outcome === "skipped").map(({ name }) => name);
}

/**
 * What a stage does, where it has not told so itself because it was left out.
 * @param {string} name
 * @param {StageKind[]} kinds
 */
export function labelOf(name, kinds) {
  return kinds.find((kind) => kind.name === name)?.label ?? name;
}

/**
 * What was done to the picture before it was read, step by step, each with the stages that its
 * picture is without; the last step is left away, as its picture is the one that was read.
 * @param {Page} page
 */
export function stepsBeforeReading(page) {
  const stages = page.stages ?? [];
  const end = Math.max(
    0,
    stages.findIndex(({ name }) => name === "read"),
  );
  const before = stages.slice(0, end);
  const skipped = skippedStages(page);
  return before
    .filter(({ did }) => did)
    .slice(0, -1)
    .map((stage) => {
      const later = before.slice(before.indexOf(stage) + 1).map(({ name }) => name);
      return { words: `After: ${stage.did}`, without: [...new Set([...skipped, ...later])].join() };
    });
}
