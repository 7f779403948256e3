// @ts-check
// What in a text can be acted on: links, e-mail addresses and telephone numbers, on request.
import { make, part } from "./parts.js";

const KINDS = [
  { form: /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g, href: (/** @type {string} */ text) => text },
  { form: /\bwww\.[^\s<>"]+\.[a-z]{2,}(?:\/[^\s<>"]*[^\s<>".,;:!?)\]])?/gi, href: (/** @type {string} */ text) => `https://${text}` },
  { form: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, href: (/** @type {string} */ text) => `mailto:${text}` },
  { form: /(?<![\w/.,-])(?:\+|00|0)\d[\d ()/-]{5,}\d(?![\w/.,-]*\d)/g, href: (/** @type {string} */ text) => `tel:${text.replace(/[^\d+]/g, "")}` },
];

/** @param {import("./desk.js").Desk} desk */
export function listFindings({ root, draft }) {
  const text = draft?.text ?? "";
  const found = KINDS.flatMap(({ form, href }) => [...new Set(text.match(form) ?? [])].map((words) => make("li", {}, make("a", { href: href(words), target: "_blank", rel: "noreferrer" }, words))));
  part(root, "findings").replaceChildren(...(found.length ? found : [make("li", {}, "None was found.")]));
}
