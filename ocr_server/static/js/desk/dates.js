// @ts-check
// Pure. Dates in a text that can be meant in one way only, and their entries for a calendar.

/** @typedef {{words: string, iso: string, line: string}} Found a day, and the line that names it */

const NUMBERS =
  /(?<![\w.,/-])(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}))(?![\w/-]|[.,]\d)/g;

/**
 * The days that a text names; 03/04/2026 is March here and April there, and is left alone.
 * @param {string} text
 * @param {string[]} languages as browsers name them
 * @returns {Found[]}
 */
export function datesIn(text, languages) {
  const months = new Map(["en", ...languages].flatMap(monthsIn));
  const names = [...months.keys()].sort((one, other) => other.length - one.length).join("|");
  const day = String.raw`(\d{1,2})`;
  const named = new RegExp(
    String.raw`(?<![\p{L}\d.,/-])` +
      String.raw`(?:${day}(?:st|nd|rd|th|\.)?\s+(${names})\.?|(${names})\.?\s+${day}(?:st|nd|rd|th)?)` +
      String.raw`,?\s+(\d{4})(?![\p{L}\d/-]|[.,]\d)`,
    "giu",
  );
  /** @type {Map<string, Found>} */
  const found = new Map();
  /**
   * @param {RegExpMatchArray} match
   * @param {string | number | undefined} year
   * @param {string | number | undefined} month
   * @param {string | number | undefined} day
   */
  function take(match, year, month, day) {
    const iso = isoOf(Number(year), Number(month), Number(day));
    const line = text
      .slice(text.lastIndexOf("\n", match.index) + 1)
      .split("\n", 1)[0]
      .trim();
    if (iso && !found.has(iso)) found.set(iso, { words: match[0].replace(/\s+/g, " "), iso, line });
  }
  for (const match of text.matchAll(NUMBERS))
    take(match, match[1] ?? match[6], match[2] ?? match[5], match[3] ?? match[4]);
  for (const match of text.matchAll(named))
    take(match, match[5], months.get((match[2] ?? match[3]).toLowerCase()), match[1] ?? match[4]);
  return [...found.values()].sort((one, other) => one.iso.localeCompare(other.iso));
}

/**
 * An iCalendar file with a whole day in it, which has the words of the text for a title: RFC 5545.
 * @param {Found} found
 */
export function calendarOf({ iso, line }) {
  const day = iso.replaceAll("-", "");
  // 18 letters of four bytes are within the 75 of a line.
  const title = line.replace(/[\\;,]/g, "\\$&").match(/.{1,18}/gu) ?? [];
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  return [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//ocr_server//EN",
    "BEGIN:VEVENT",
    `UID:${crypto.getRandomValues(new Uint32Array(4)).join("-")}`,
    `DTSTAMP:${now}`,
    `DTSTART;VALUE=DATE:${day}`,
    `SUMMARY:${title.join("\r\n ")}`,
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ].join("\r\n");
}

/**
 * Long and short names of the months, each with its number.
 * @param {string} language
 * @returns {[string, number][]}
 */
function monthsIn(language) {
  /** @type {[string, number][]} */
  const months = [];
  for (const month of /** @type {const} */ (["long", "short"])) {
    for (let at = 0; at < 12; at += 1) {
      const name = new Date(2001, at, 15)
        .toLocaleDateString(language, { month, day: "numeric" })
        .match(/\p{L}{3,}/u);
      if (name) months.push([name[0].toLowerCase(), at + 1]);
    }
  }
  return months;
}

/**
 * @param {number} year
 * @param {number} month
 * @param {number} day
 * @returns {string} none where there is no such day
 */
function isoOf(year, month, day) {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year > 999 && month === date.getUTCMonth() + 1 && day === date.getUTCDate()
    ? date.toISOString().slice(0, 10)
    : "";
}
