// @ts-check
// What in a text can be acted on: links, e-mail addresses, telephone numbers and dates, on request.
// No `enhance`: the list is drawn anew whenever it opens.
import { make, part } from "../lib/dom.js";
import { _, tagOf } from "../lib/words.js";
import { calendarOf, datesIn } from "./dates.js";

const KINDS = [
  { form: /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g, href: (/** @type {string} */ text) => text },
  {
    form: /\bwww\.[^\s<>"]+\.[a-z]{2,}(?:\/[^\s<>"]*[^\s<>".,;:!?)\]])?/gi,
    href: (/** @type {string} */ text) => `https://${text}`,
  },
  { form: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, href: (/** @type {string} */ text) => `mailto:${text}` },
  // 03/04/2026 is a date, though nobody knows which.
  {
    form: /(?<![\w/.,-])(?!\d{1,2}[/-]\d{1,2}[/-]\d{4}(?!\d))(?:\+|00|0)\d[\d ()/-]{5,}\d(?![\w/.,-]*\d)/g,
    href: (/** @type {string} */ text) => `tel:${text.replace(/[^\d+]/g, "")}`,
  },
];

/**
 * Links, addresses and numbers, each once, with where they lead.
 * @param {string} text
 */
export function linksIn(text) {
  return KINDS.flatMap(({ form, href }) =>
    [...new Set(text.match(form) ?? [])].map((words) => ({ words, href: href(words) })),
  );
}

/** @param {import("./desk.js").Desk} desk */
export function listEntities({ root, draft }) {
  const text = draft?.text ?? "";
  const links = linksIn(text).map(({ words, href }) =>
    make("li", {}, make("a", { href, target: "_blank", rel: "noreferrer" }, words)),
  );
  const languages = draft?.document.engine?.languages ?? [];
  const entries = datesIn(text, languages.map(tagOf)).map(function entry(day) {
    const href = `data:text/calendar;charset=utf-8,${encodeURIComponent(calendarOf(day))}`;
    return make(
      "li",
      {},
      make(
        "a",
        { href, download: `${day.iso}.ics` },
        _("{day} for the calendar", { day: day.words }),
      ),
    );
  });
  const all = [...links, ...entries];
  part(root, "findings").replaceChildren(
    ...(all.length ? all : [make("li", {}, _("None was found."))]),
  );
}
