// @ts-check
// Pure. The lines of a paragraph as one, as the server joins them: `tests/data/twins.json` holds
// the examples that both are tested with.
import { gapOf } from "../lib/model.js";

// A hyphen at the end of a line: hyphen-minus, soft hyphen or hyphen after a letter.
const PARTED = /[\p{L}\p{Nl}\p{No}][-\u00ad\u2010]$/u;
// A dash between figures, as in 1914-1918.
const RANGE = /\p{Nd}[-\u2010\u2013]$/u;
// What goes on after a word of which only the first half stands there: "Vor- und Nachteile".
const CONJUNCTION = /^(?:(?:and|or|und|oder|bis|et|ou)(?![\p{L}\p{N}_])|bzw\.)/u;

/**
 * A parted word whole again, and no blank where the script has none.
 * @param {string[]} lines
 */
export function joinLines(lines) {
  let text = "";
  for (const line of lines) {
    if (/^[\p{L}\p{N}]/u.test(line) && PARTED.test(text) && !CONJUNCTION.test(line)) {
      const rest = text.slice(0, -1);
      // A small letter says that the word goes on, unless it has hyphens of its own.
      const isOneWord =
        /^\p{Lowercase}/u.test(line) && !(rest.split(" ").at(-1) ?? "").includes("-");
      text = (isOneWord || text.endsWith("\u00ad") ? rest : text) + line;
    } else if (/^\p{Nd}/u.test(line) && RANGE.test(text)) text += line;
    else text += text && line ? gapOf(text, line) + line : line;
  }
  return text;
}
