// @ts-check
// Pure. Messages in the language of the page: English stands in the code, and is the key of the
// catalogue that the page has loaded; a page in English has none.

/**
 * @typedef {string | Record<string, string>} Message or its forms by plural category
 * @typedef {{language: string, messages: Record<string, Message>}} Catalogue
 */

/** @type {Catalogue} */
const { language: tag, messages } = /** @type {any} */ (globalThis).catalogue ?? {
  language: "en",
  messages: {},
};

/** The language of the page, as browsers name it. */
export const language = tag;

const plurals = new Intl.PluralRules(language);

/**
 * A number as the language writes it; in digits that every field takes, which Arabic knows too.
 * @param {number} value
 * @param {number} [digits] behind the point
 */
export function written(value, digits = 0) {
  return value.toLocaleString(`${language}-u-nu-latn`, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/**
 * A message, its `{name}` filled in. Where a number `n` decides, English has two forms:
 * `{n} page|{n} pages`.
 * @param {string} english
 * @param {Record<string, string | number>} [values]
 */
export function _(english, values = {}) {
  const n = Number(values.n);
  const message = messages[english];
  const [one, other = one] = english.split("|");
  const words =
    message && typeof message === "object"
      ? (message[plurals.select(n)] ?? message.other)
      : message || (n === 1 ? one : other);
  return words.replace(/\{(\w+)\}/g, function fill(_, name) {
    const value = values[name];
    return typeof value === "number" ? written(value) : value;
  });
}

/**
 * A language as browsers name it: the engine says deu or chi_sim, they say de or zh.
 * @param {string | null | undefined} code
 */
export function tagOf(code) {
  try {
    return Intl.getCanonicalLocales((code ?? "").split("_")[0])[0];
  } catch {
    return tag;
  }
}
