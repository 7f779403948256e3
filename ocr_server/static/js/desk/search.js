// @ts-check
// Search and replace in the text of all pages, and of all files if wanted.
import { action, announce, found, part } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import { rewritten } from "./line-rewrite.js";
import { matchesIn, patternOf, replacedIn, wordOf } from "./matches.js";

/**
 * @typedef {import("../lib/model.js").Line} Line
 * @typedef {import("../lib/model.js").Page} Page
 * @typedef {import("./draft.js").Draft} Draft
 * @typedef {{draft: Draft, page: Page, line: Line, match: import("./matches.js").Match}} Hit
 */

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root } = desk;
  const button = action(root, "search");
  const form = /** @type {HTMLFormElement} */ (part(root, "search"));
  const wanted = field("wanted");
  const instead = field("instead");
  /** @type {Hit | null} */
  let current = null;

  /** @param {string} name */
  function field(name) {
    return /** @type {HTMLInputElement} */ (found(form, `[name=${name}]`));
  }
  function pattern() {
    return patternOf(wanted.value, {
      isRegular: field("regular").checked,
      isWhole: field("whole").checked,
      isExact: field("exact").checked,
    });
  }
  function drafts() {
    const { draft } = desk;
    return field("files").checked ? desk.drafts() : draft ? [draft] : [];
  }
  /** @returns {Hit[]} */
  function hits() {
    const sought = pattern();
    if (!sought) return [];
    return drafts().flatMap((draft) =>
      draft.pages.flatMap((page) =>
        page.zones
          .flatMap((zone) => zone.lines ?? [])
          .flatMap((line) =>
            matchesIn(line, sought).map((match) => ({ draft, page, line, match })),
          ),
      ),
    );
  }
  /** @param {Hit} hit */
  function isCurrent({ line, match }) {
    return line === current?.line && match.first === current.match.first &&
      match.from === current.match.from; // prettier-ignore
  }
  /** @param {Hit[]} all */
  function tell(all) {
    const at = all.findIndex(isCurrent);
    const isWrong = wanted.value && !pattern();
    part(form, "hits").textContent = isWrong
      ? _("This is not a regular expression")
      : wanted.value &&
        (at < 0 ? String(all.length) : _("{n} of {all}", { n: at + 1, all: all.length }));
    for (const name of ["replace", "replace-all", "previous-hit", "next-hit"])
      action(form, name).disabled = !all.length;
  }
  /** @param {Hit | undefined} hit */
  async function go(hit) {
    if (!hit) return;
    current = hit;
    if (hit.draft !== desk.draft) await desk.open(hit.draft);
    if (hit.page !== desk.page) await desk.showPage(hit.page);
    const word = wordOf(hit.line, hit.match);
    desk.lit = word;
    desk.text.mark(word, "lit");
    desk.view.reveal(word.box);
    desk.paint();
    const all = hits();
    tell(all);
    announce(
      `${_("{n} of {all}", { n: all.findIndex(isCurrent) + 1, all: all.length })}: ${hit.line.text}`,
    );
  }
  /** @param {1 | -1} by */
  function step(by) {
    const all = hits();
    if (!all.length) {
      tell(all);
      return announce(_("It is not found."));
    }
    const at = all.findIndex(isCurrent);
    const here = all.findIndex(({ draft, page }) => draft === desk.draft && page === desk.page);
    const next = at >= 0 ? at + by : Math.max(0, here);
    return go(all[(next + all.length) % all.length]);
  }
  /** @param {string} text */
  function replacement(text) {
    const sought = pattern();
    if (!sought || !field("regular").checked) return instead.value;
    return text.replace(new RegExp(sought.source, sought.flags.replace("g", "")), instead.value);
  }
  /**
   * @param {Hit[]} chosen
   * @returns {number} of what is replaced
   */
  function replace(chosen) {
    for (const draft of new Set(chosen.map((hit) => hit.draft)))
      draft.together(function change() {
        const own = chosen.filter((hit) => hit.draft === draft);
        for (const page of new Set(own.map((hit) => hit.page))) {
          const lines = new Map(
            own.filter((hit) => hit.page === page).map(({ line }) => [line, line]),
          );
          for (const line of lines.keys()) {
            const matches = own.filter((hit) => hit.line === line).map(({ match }) => match);
            lines.set(line, rewritten(line, replacedIn(line, matches, replacement)));
          }
          const zones = page.zones.map((zone) =>
            zone.lines
              ? { ...zone, lines: zone.lines.map((line) => lines.get(line) ?? line) }
              : zone,
          );
          draft.replace(page, zones);
        }
      });
    return chosen.length;
  }
  function replaceOne() {
    const all = hits();
    const at = all.findIndex(isCurrent);
    if (at < 0) return step(1);
    replace([all[at]]);
    current = null;
    const rest = hits();
    tell(rest);
    if (!rest.length) action(root, "undo").focus(); // the buttons here can do no more
    return go(rest[Math.min(at, rest.length - 1)]);
  }
  function replaceAll() {
    const count = replace(hits());
    current = null;
    tell(hits());
    action(root, "undo").focus();
    announce(
      _(
        "{n} place replaced; undo brings it back.|{n} places replaced; undo brings them back, file by file.",
        { n: count },
      ),
    );
  }
  function toggle() {
    form.hidden = !form.hidden;
    button.setAttribute("aria-pressed", String(!form.hidden));
    if (form.hidden) button.focus();
    else {
      desk.leave();
      const selected = String(getSelection() ?? "").trim();
      if (selected && !selected.includes("\n")) wanted.value = selected;
      wanted.focus();
      wanted.select();
      tell(hits());
    }
  }

  button.addEventListener("click", toggle);
  root.addEventListener("painted", () => form.hidden || tell(hits()));
  form.addEventListener("input", function seek(event) {
    current = null;
    if (event.target !== instead) tell(hits());
  });
  // Not at "submit": browsers submit no form of two fields without a button for it.
  form.addEventListener("keydown", function press({ key, target, shiftKey, isComposing }) {
    if (key === "Escape") toggle();
    if (key !== "Enter" || isComposing) return;
    if (target === wanted) step(shiftKey ? -1 : 1);
    if (target === instead) replaceOne();
  });
  action(form, "next-hit").addEventListener("click", () => step(1));
  action(form, "previous-hit").addEventListener("click", () => step(-1));
  action(form, "replace").addEventListener("click", replaceOne);
  action(form, "replace-all").addEventListener("click", replaceAll);
}
