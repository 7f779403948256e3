// @ts-check
// The documents of this tab, kept over a reload: files, pictures, texts and corrections, each as soon
// as it changes. Passwords are not kept.
// No `enhance`: it keeps, and shows nothing.
import { announce } from "../lib/dom.js";
import { all, live, put, remove } from "../lib/database.js";
import { _ } from "../lib/words.js";

/**
 * @typedef {import("../desk/draft.js").Draft} Draft
 * @typedef {import("./item.js").Item} Item
 * @typedef {import("../lib/model.js").Page} Page
 */

const SOON_MS = 300;
const FULL = _("This browser keeps no more: a reload would lose what is in this tab.");

/**
 * What of a draft is written already.
 * @type {WeakMap<Draft, {pages: Set<Page>, pictures: Set<number>}>}
 */
const written = new WeakMap();
/**
 * The draft, or none, and the files that are written of an item.
 * @type {WeakMap<Item, {draft: Draft | null, files: File[]}>}
 */
const last = new WeakMap();
/** @type {Set<Item>} */
const due = new Set();
let timer = 0;
let isFull = false;

/** Whether the browser has taken everything so far. */
export const keepsAll = () => !isFull;

/**
 * Keeps an item, once it has not changed for a moment.
 * @param {Item} item
 */
export function keep(item) {
  due.add(item);
  clearTimeout(timer);
  timer = setTimeout(keepNow, SOON_MS);
}

/**
 * Hears of every change of an item's draft.
 * @param {Item} item
 * @param {Draft} draft
 */
export function follow(item, draft) {
  for (const event of ["grown", "pictured", "halted"])
    draft.addEventListener(event, () => keep(item));
  draft.addEventListener("replaced", function again(event) {
    written.get(draft)?.pages.delete(/** @type {CustomEvent<Page>} */ (event).detail);
    keep(item);
  });
  draft.addEventListener("changed", function again(event) {
    const words = new Set(/** @type {CustomEvent} */ (event).detail);
    for (const { page, word } of draft.places)
      if (words.has(word)) written.get(draft)?.pages.delete(page);
    keep(item);
  });
}

/** @param {Item} item */
export function forget(item) {
  due.delete(item);
  last.delete(item);
  if (item.draft) written.delete(item.draft);
  return remove(item.id).catch(() => undefined);
}

function keepNow() {
  clearTimeout(timer);
  const items = [...due];
  due.clear();
  for (const item of items)
    put(...partsOf(item)).catch(function tell() {
      last.delete(item);
      if (!isFull) announce(FULL, "alert");
      isFull = true;
    });
}

/**
 * @param {Item} item
 * @returns {[string, [string, number, unknown][], boolean]}
 */
function partsOf(item) {
  const { id, name, draft, files, order, state, words, isOpen, isHopeless, isNoPicture } = item;
  const before = last.get(item);
  const anew = !before || before.draft !== draft || before.files !== files;
  last.set(item, { draft, files });
  const had = (draft && !anew && written.get(draft)) || { pages: new Set(), pictures: new Set() };
  if (draft) written.set(draft, had);
  const pages = (draft?.pages ?? []).filter((page) => !had.pages.has(page));
  const pictures = [...(draft?.pictures ?? [])].filter(([number]) => !had.pictures.has(number));
  for (const page of pages) had.pages.add(page);
  for (const [number] of pictures) had.pictures.add(number);
  const about = {
    ...{ name, order, state, words, isOpen, isHopeless, isNoPicture },
    draft: draft && aboutOf(draft),
  };
  return [
    id,
    [
      ["about", 0, about],
      ...files.map((file, at) => /** @type {[string, number, File]} */ (["file", at, file])),
      ...pages.map((page) => /** @type {[string, number, Page]} */ (["page", page.number, page])),
      ...pictures.map(
        ([number, picture]) => /** @type {[string, number, Blob]} */ (["picture", number, picture]),
      ),
    ],
    anew,
  ];
}

/** @param {Draft} draft */
function aboutOf({ document, fields, ms, saved, total, sheets, isEnded, job, pages }) {
  return {
    fields: [...fields].filter(([name]) => name !== "password"),
    order: pages.map(({ number }) => number),
    engine: document.engine,
    problems: document.problems,
    ...{ ms, saved, total, sheets, isEnded, job },
  };
}

/**
 * What was kept of this tab, in its order.
 * @returns {Promise<(import("./item.js").Kept & {files: File[], state: import("./card.js").State,
 *   words: string, isOpen: boolean})[]>}
 */
export async function kept() {
  /** @type {Awaited<ReturnType<typeof all>>} */
  const documents = await all().catch(() => new Map());
  live();
  if (!documents.size) return [];
  const { Draft } = await import("../desk/draft.js");
  return [...documents]
    .filter(([, parts]) => parts.about)
    .map(function revive([id, parts]) {
      const [[, about]] = parts.about;
      const files = (parts.file ?? []).map(([, file]) => file);
      const draft = about.draft && revived(new Draft(about.name, files), about.draft, parts);
      return { ...about, id, files, draft };
    })
    .sort((one, other) => one.order - other.order);
}

/**
 * @param {Draft} draft
 * @param {any} about
 * @param {Record<string, [number, any][]>} parts
 */
function revived(draft, about, { page = [], picture = [] }) {
  for (const [field, value] of about.fields) draft.fields.set(field, value);
  const pages = new Map(page);
  draft.document = {
    engine: about.engine,
    problems: about.problems,
    pages: about.order.flatMap((/** @type {number} */ number) => pages.get(number) ?? []),
  };
  const { ms, saved, total, sheets, isEnded, job } = about;
  Object.assign(draft, { ms, saved, total, sheets, isEnded, job, pictures: new Map(picture) });
  return draft;
}

addEventListener("pagehide", keepNow);
