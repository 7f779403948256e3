// @ts-check
// Everything on the desk that counts or reports: summary, doubts, legend, advice, deeds.
import { trust } from "../lib/model.js";
import { action, announce, make, part } from "../lib/dom.js";
import { deeds, seconds, summary } from "../lib/quantities.js";

// What a stage does, where it has not told so itself because it was left out.
const STAGES = { polarity: "Exchange light and dark", orientation: "Turn upright", rectify: "Cut out the sheet", flatten: "Remove shadows", deskew: "Straighten", scale: "Bring the letters to size", rules: "Wipe out grids", margin: "Add a margin", line: "Read as one line", "upside-down": "Turn what is upside down", dewarp: "Level curled lines", retry: "Read again what is poor", missed: "Look for what was missed", rows: "Join rows", "second-reader": "Ask the second reader", tables: "Read tables row by row", junk: "Drop guesses" };

/** @param {import("./desk.js").Desk} desk */
export function makeReport(desk) {
  const { root } = desk;
  /** Whose stages are shown. @type {import("../lib/model.js").Stage[] | undefined} */
  let told;
  /** @type {import("../lib/model.js").Word[]} */
  let doubtful = [];

  /** How many words are doubtful, and which of them is open. */
  function count() {
    const at = doubtful.findIndex((word) => word === desk.opened);
    const many = `${at < 0 ? "" : `${at + 1} of `}${doubtful.length} doubtful`;
    part(root, "doubts").textContent = doubtful.length ? many : "None doubtful";
  }
  function tell() {
    const { draft, page } = desk;
    if (!draft || !page) return;
    part(root, "name").textContent = draft.name;
    part(root, "summary").textContent = summary(draft.document, draft.ms);
    const words = draft.places.map(({ word }) => word);
    const wordsOf = (/** @type {string} */ state) => words.filter((word) => trust(word) === state);
    doubtful = wordsOf("doubtful");
    count();
    action(root, "previous-doubt").disabled = action(root, "next-doubt").disabled = !doubtful.length;
    const [undo, redo] = [action(root, "undo"), action(root, "redo")];
    const focused = document.activeElement;
    undo.disabled = !draft.done.length;
    redo.disabled = !draft.undone.length;
    if (undo.disabled && undo === focused) redo.focus();
    if (redo.disabled && redo === focused) undo.focus();
    part(root, "legend").replaceChildren(
      ...["unsure", "doubtful", "checked"].filter((state) => wordsOf(state).length).map((state) => make("span", {}, make("span", { class: `word ${state}` }, state), ` ${wordsOf(state).length}`)),
    );
    listNotice("advice", (page.quality?.problems ?? []).map((problem) => [`${problem.message} ${problem.advice}`]));
    listNotice("failed", draft.document.problems.map((problem) => [`${problem.page ? `Page ${problem.page}: ` : ""}${problem.detail || problem.title} `, ...againButton(problem.page)]));
    if (!told || told !== page.stages) tellStages(draft, page);
  }
  /** @param {import("./draft.js").Draft} draft @param {import("../lib/model.js").Page} page */
  function tellStages(draft, page) {
    told = page.stages;
    const { did, without, fine } = deeds(page);
    const canChange = draft.files.length > 0 && (draft.fields.get("steps") ?? "auto") === "auto";
    part(root, "report").hidden = !did.length && !without.length;
    part(root, "stages").replaceChildren(
      ...did.map((deed) => make("li", {}, choice(canChange && deed.name, true, deed.words), ` in ${deed.ms < 1000 ? `${Math.ceil(deed.ms)} ms` : seconds(deed.ms)}`)),
      ...without.map((name) => make("li", {}, choice(canChange && name, false, STAGES[/** @type {keyof typeof STAGES} */ (name)] ?? name), " – left out")),
      ...(fine.length ? [make("li", {}, `Left as it was: ${[...new Set(fine)].join(", ")}.`)] : []),
    );
    part(root, "otherwise").hidden = !root.querySelector("[name=stage]");
  }
  /** A stage that can be switched off. @param {string | false} name @param {boolean} isOn @param {string} words */
  function choice(name, isOn, words) {
    if (!name) return make("b", {}, words);
    const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", name: "stage", value: name }));
    box.checked = isOn;
    return make("label", {}, box, " ", make("b", {}, words));
  }
  /** The page once more, without the stages that are switched off. */
  async function readOtherwise() {
    const { draft, page } = desk;
    if (!draft || !page) return;
    const button = action(root, "read-otherwise");
    const boxes = [.../** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll("[name=stage]"))];
    const without = boxes.filter(({ checked }) => !checked).map(({ value }) => value).join();
    const { read } = await import("./reread.js");
    announce(`Reading page ${page.number} again.`);
    button.disabled = true;
    const fresh = await read(draft, page.number, without ? { without } : {});
    button.disabled = false;
    button.focus();
    if (!fresh) return;
    draft.replace(page, fresh.zones, null, fresh);
    announce(`Page ${page.number} is read again; undo brings back what it was.`);
  }
  action(root, "read-otherwise").addEventListener("click", readOtherwise);

  /** @param {string} name @param {(Node | string)[][]} lines */
  function listNotice(name, lines) {
    const notice = part(root, name);
    notice.hidden = !lines.length;
    notice.querySelector("ul")?.replaceChildren(...lines.map((line) => make("li", {}, ...line)));
  }
  /** @param {number | null | undefined} page that failed */
  function againButton(page) {
    const { draft } = desk;
    if (!page || !draft?.files.length) return [];
    const button = /** @type {HTMLButtonElement} */ (make("button", { type: "button", class: "link" }, `Try page ${page} again`));
    button.addEventListener("click", async function again() {
      const { readPage } = await import("./reread.js");
      button.disabled = true;
      if (await readPage(draft, page)) part(root, "name").focus();
      button.disabled = false;
    });
    return [button];
  }
  return { tell, count };
}
