// @ts-check
// Pages of a document in another order, left out, or joined by those of other files; all of it can be
// undone.
// No `enhance`: it changes the draft.

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("../lib/model.js").Page} Page */

/**
 * Takes a page out of the document.
 * @param {Draft} draft
 * @param {Page} page
 */
export function leaveOut(draft, page) {
  const at = draft.pages.indexOf(page);
  const without = () => draft.pages.filter((other) => other !== page);
  draft.act({
    redo() {
      draft.leftOut.add(page);
      return draft.arrange(without());
    },
    undo() {
      draft.leftOut.delete(page);
      return draft.arrange([...draft.pages.slice(0, at), page, ...draft.pages.slice(at)]);
    },
  });
}

/**
 * Moves a page by so many places, back or on.
 * @param {Draft} draft
 * @param {Page} page
 * @param {number} by
 */
export function move(draft, page, by) {
  const step = (/** @type {number} */ way) => {
    const pages = draft.pages.filter((other) => other !== page);
    pages.splice(draft.pages.indexOf(page) + way, 0, page);
    return draft.arrange(pages);
  };
  draft.act({ redo: () => step(by), undo: () => step(-by) });
}

/**
 * Puts another reading's pages at the end; its files are known from now on.
 * @param {Draft} draft
 * @param {import("../lib/model.js").OcrDocument} reading
 * @param {File[]} files
 */
export function join(draft, reading, files) {
  const before = draft.sheets;
  const pages = reading.pages.map((page) => ({ ...page, number: before + page.number }));
  const problems = reading.problems.map((problem) => ({
    ...problem,
    page: before + (problem.page ?? 1),
  }));
  for (const [number, picture] of reading.pictures ?? [])
    draft.addPicture(before + number, picture);
  draft.files.push(...files); // which whoever gave them reads again, if it comes to that
  draft.document.problems = [...draft.document.problems, ...problems];
  draft.act({
    redo: () => draft.arrange([...draft.pages, ...pages]),
    undo: () => draft.arrange(draft.pages.filter((page) => !pages.includes(page))),
  });
  return pages;
}
