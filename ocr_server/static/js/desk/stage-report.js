// @ts-check
// The stages of the page that is shown, and reading the page again without some of them.
import { declarations } from "../lib/declarations.js";
import { action, announce, make, part } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { seconds } from "../lib/quantities.js";
import { _ } from "../lib/words.js";
import { doneStages, fineFindings, labelOf, lateStages, skippedStages } from "./stages.js";

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root } = desk;
  const { stages: kinds } = declarations;
  /**
   * What is shown now.
   * @type {import("../lib/model.js").Stage[] | undefined}
   */
  let shown;

  /**
   * @param {import("./draft.js").Draft} draft
   * @param {import("../lib/model.js").Page} page
   */
  function show(draft, page) {
    if (shown && shown === page.stages) return;
    shown = page.stages;
    const done = doneStages(page, kinds);
    const [skipped, late] = [skippedStages(page), lateStages(page)];
    const fine = fineFindings(page, kinds);
    const canChange = draft.files.length > 0 && (draft.fields.get("steps") ?? "auto") === "auto";
    part(root, "stages").replaceChildren(
      ...done.map(({ name, words, ms }) =>
        make(
          "li",
          {},
          choice(canChange && name, true, words),
          ` ${_("in {time}", { time: ms < 1000 ? _("{n} ms", { n: Math.ceil(ms) }) : seconds(ms) })}`,
        ),
      ),
      ...skipped.map((name) =>
        make(
          "li",
          {},
          choice(canChange && name, false, labelOf(name, kinds)),
          ` – ${_("left out")}`,
        ),
      ),
      ...late.map((name) =>
        make(
          "li",
          {},
          make("b", {}, labelOf(name, kinds)),
          ` – ${_("not done, the time was over")}`,
        ),
      ),
      ...(fine.length
        ? [make("li", {}, _("Left as it was: {parts}.", { parts: fine.join(_(", ")) }))]
        : []),
    );
    part(root, "otherwise").hidden = !root.querySelector("[name=stage]");
  }
  /**
   * A stage that can be switched off.
   * @param {string | false} name
   * @param {boolean} isOn
   * @param {string} words
   */
  function choice(name, isOn, words) {
    if (!name) return make("b", {}, words);
    const box = /** @type {HTMLInputElement} */ (
      make("input", { type: "checkbox", name: "stage", value: name })
    );
    box.checked = isOn;
    return make("label", {}, box, " ", make("b", {}, words));
  }
  /** The page once more, without the stages that are switched off. */
  async function readOtherwise() {
    const { draft, page } = desk;
    if (!draft || !page) return;
    const button = action(root, "read-otherwise");
    const boxes = [
      .../** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll("[name=stage]")),
    ];
    const without = boxes
      .filter(({ checked }) => !checked)
      .map(({ value }) => value)
      .join();
    const { read } = await bring("desk/reread", () => import("./reread.js"));
    announce(_("Reading page {n} again.", { n: page.number }));
    button.disabled = true;
    const fresh = await read(draft, page.number, without ? { without } : {});
    button.disabled = false;
    button.focus();
    if (!fresh) return;
    draft.replace(page, fresh.zones, null, fresh);
    announce(_("Page {n} is read again; undo brings back what it was.", { n: page.number }));
  }
  action(root, "read-otherwise").addEventListener("click", readOtherwise);
  return { show };
}
