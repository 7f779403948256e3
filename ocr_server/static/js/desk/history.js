// @ts-check
// The documents of this tab, kept over a reload and from page to page: texts, never pictures.
// No `enhance`: it keeps, and shows nothing.
import { Draft } from "./draft.js";

const NAME = "documents";

/** @param {Draft[]} drafts the oldest are let go where there is no room */
export function keep(drafts) {
  const rows = drafts.map((draft) => ({
    name: draft.name,
    document: draft.payload(),
    ms: draft.ms,
    saved: draft.saved,
    fields: [...draft.fields].filter(([name]) => name !== "password"),
  }));
  for (; ; rows.shift()) {
    try {
      return rows.length
        ? sessionStorage.setItem(NAME, JSON.stringify(rows))
        : sessionStorage.removeItem(NAME);
    } catch {
      if (!rows.length) return undefined; // storage is switched off
    }
  }
}

/** @returns {Draft[]} */
export function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME) ?? "[]").map(revived);
  } catch {
    return [];
  }
}

/** @param {any} row */
function revived({ name, document, ms, saved, fields }) {
  const draft = new Draft(name, []);
  for (const [field, value] of fields) draft.fields.set(field, value);
  draft.finish(document, ms);
  draft.saved = saved;
  return draft;
}
