// @ts-check
// Correcting: one word after another, a whole line, or all words alike.
import { keepRules, keptRules, ruleOf } from "../lib/always.js";
import { trust } from "../lib/confidence.js";
import { declarations } from "../lib/declarations.js";
import { announce, found } from "../lib/dom.js";
import { placesOf } from "../lib/model.js";
import { _ } from "../lib/words.js";
import { rewritten } from "./line-rewrite.js";
import { suggestionsFor } from "./suggestions.js";
import { enhance as enhanceWordEditor } from "./word-editor.js";

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Line} Line
 * @typedef {import("../lib/model.js").Page} Page
 */

/**
 * Keeps a correction for later documents; what is to be said of it.
 * @param {string} before
 * @param {string[]} tokens
 */
function keepAlways(before, tokens) {
  if (tokens.length !== 1)
    return _("Only one word in the place of one is kept for later documents.");
  const [from, to] = ruleOf(before, tokens[0]);
  keepRules(keptRules().set(from, to));
  return _("{from} is {to} in later documents, too.", { from, to });
}

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, view, text } = desk;
  const proof = enhanceWordEditor(root, { onAccept: accept, onLeave: leave });

  /** @param {Word | null} word */
  function placeOf(word) {
    return desk.draft?.places.find((place) => place.word === word) ?? null;
  }
  /** @param {Word} word */
  function open(word) {
    const place = placeOf(word);
    if (!place || !desk.draft) return leave();
    if (place.page !== desk.page) desk.showPage(place.page);
    if (found(root, ".panes").dataset.shown !== "text") found(root, "#tab-text").click();
    const others = desk.draft.places.map(({ word: { text: other } }) => other);
    desk.opened = word;
    desk.paint(); // before what asks where things are, which lays the page out
    proof.show(place, {
      suggestions: suggestionsFor(word, others, declarations.look_alikes),
      alike: others.filter((other) => other === word.text).length,
    });
    text.mark(word, "current");
    view.reveal(word.box);
    return undefined;
  }
  function leave() {
    const word = desk.opened;
    desk.opened = null;
    proof.hide();
    text.mark(null, "current");
    if (word) text.focus(word);
    desk.paint();
  }
  /** @param {{whole: boolean, all: boolean, always: boolean, text: string}} answer */
  function accept({ whole, all, always, text: typed }) {
    const { draft, opened } = desk;
    const place = placeOf(opened);
    if (!draft || !place || !opened) return;
    const words = draft.places.map(({ word }) => word);
    const at = words.indexOf(opened);
    const after = [...words.slice(at + 1), ...words.slice(0, at)];
    const tokens = typed.split(/\s+/).filter(Boolean);
    const before = opened.text;
    const isChosen = (/** @type {Word} */ word) => (all ? word.text === before : word === opened);
    if (whole)
      replaceLines(
        place.page,
        (other) => (other === place.line ? tokens : null),
        (word) => ({ ...word, checked: true }),
      );
    else if (tokens.length > 1) {
      const pages = all ? draft.pages.filter((page) => page !== place.page) : [];
      for (const page of [...pages, place.page])
        replaceLines(page, (line) =>
          line.words.some(isChosen)
            ? line.words.flatMap((word) => (isChosen(word) ? tokens : [word.text]))
            : null,
        );
    } else draft.correct(words.filter(isChosen), typed);
    const left = new Set(draft.doubtful.map(({ word }) => word));
    const next = after.find((word) => left.has(word));
    if (next) {
      open(next);
      announce(_("{n} doubtful word left.|{n} doubtful words left.", { n: left.size }));
    } else {
      leave();
      announce(_("No doubtful word is left."));
    }
    if (!typed && !whole) announce(_("{word} is taken out.", { word: before }));
    if (always && !whole && typed !== before) announce(keepAlways(before, tokens));
  }
  /**
   * @param {Page} page
   * @param {(line: Line) => string[] | null} tokensOf what a line says instead, if anything
   * @param {(word: Word) => Word} [seen] what becomes of each word
   */
  function replaceLines(page, tokensOf, seen = (word) => word) {
    /** @type {Line[]} */
    const changed = [];
    /** @param {Line} line */
    function replaced(line) {
      const tokens = tokensOf(line);
      if (!tokens) return line;
      const fresh = rewritten(line, tokens);
      changed.push({ ...fresh, words: fresh.words.map(seen) });
      return changed[changed.length - 1];
    }
    const zones = page.zones.map((zone) =>
      zone.lines ? { ...zone, lines: zone.lines.map(replaced) } : zone,
    );
    if (changed.length)
      desk.draft?.replace(
        page,
        zones,
        changed.flatMap(({ words }) => words).find((word) => word.checked) ?? null,
      );
  }
  /**
   * The next or previous doubtful word, round the end.
   * @param {1 | -1} by
   */
  function goDoubt(by) {
    const words = desk.draft?.places.map(({ word }) => word) ?? [];
    const from = desk.opened ?? desk.lit;
    const first = from
      ? words.indexOf(from) + by
      : words.indexOf(/** @type {Word} */ (desk.page && placesOf(desk.page)[0]?.word)) -
        (by < 0 ? 1 : 0);
    for (let step = 0; step < words.length; step += 1) {
      const word = words[(first + by * step + 2 * words.length) % words.length];
      if (trust(word) === "doubtful") return open(word);
    }
    return undefined;
  }
  root.addEventListener("turned", proof.hide);
  return { open, goDoubt, leave };
}
