// @ts-check
// Everything on the desk that counts or reports: summary, doubts, legend, advice, failures.
import { trust } from "../lib/confidence.js";
import { action, announce, make, part } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { _ } from "../lib/words.js";

// What the legend says of words.
const STATES = { unsure: _("unsure"), doubtful: _("doubtful"), checked: _("checked") };

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root } = desk;
  const report = part(root, "report");
  /** @type {ReturnType<typeof import("./stage-report.js").enhance> | null} */
  let stageReport = null;
  /** @type {import("../lib/model.js").Word[]} */
  let doubtful = [];

  /** How many words are doubtful, and which of them is open. */
  function count() {
    const at = doubtful.findIndex((word) => word === desk.opened);
    const n = doubtful.length;
    const many =
      at < 0
        ? _("{n} doubtful|{n} doubtful", { n })
        : _("{at} of {n} doubtful|{at} of {n} doubtful", { at: at + 1, n });
    part(root, "doubts").textContent = doubtful.length ? many : _("None doubtful");
  }
  function tell() {
    const { draft, page } = desk;
    if (!draft || !page) return;
    part(root, "name").textContent = draft.name;
    part(root, "summary").textContent = draft.summary;
    doubtful = draft.doubtful.map(({ word }) => word);
    const counts = { sure: 0, unsure: 0, doubtful: 0, checked: 0 };
    for (const { word } of draft.places) counts[trust(word)] += 1;
    count();
    action(root, "previous-doubt").disabled = action(root, "next-doubt").disabled =
      !doubtful.length;
    const [undo, redo] = [action(root, "undo"), action(root, "redo")];
    const focused = document.activeElement;
    undo.disabled = !draft.done.length;
    redo.disabled = !draft.undone.length;
    if (undo.disabled && undo === focused) redo.focus();
    if (redo.disabled && redo === focused) undo.focus();
    part(root, "legend").replaceChildren(
      .../** @type {const} */ (["unsure", "doubtful", "checked"])
        .filter((state) => counts[state])
        .map((state) =>
          make(
            "span",
            {},
            make("span", { class: `word ${state}` }, STATES[state]),
            ` ${counts[state]}`,
          ),
        ),
    );
    listNotice(
      "advice",
      (page.quality?.problems ?? []).map((problem) => [`${problem.message} ${problem.advice}`]),
    );
    listNotice(
      "failed",
      draft.document.problems.map((problem) => [
        `${problem.page ? `${_("Page {n}", { n: problem.page })}: ` : ""}${problem.detail || problem.title} `,
        ...againButton(problem.page),
      ]),
    );
    tellRemarks();
    tellStages();
  }
  /** What was done to the picture, for those who want to know it. */
  async function tellStages() {
    const { draft, page } = desk;
    if (!draft || !page) return;
    report.hidden = !(page.stages ?? []).some(
      ({ did, outcome }) => did || outcome === "skipped" || outcome === "out-of-time",
    );
    if (!report.hasAttribute("open")) return;
    const { enhance } = await bring("desk/stage-report", () => import("./stage-report.js"));
    stageReport ??= enhance(desk);
    if (page === desk.page) stageReport.show(draft, page);
  }
  report.addEventListener("toggle", tellStages);
  /** The first remark, and how many there are, beside the name, where they push nothing. */
  function tellRemarks() {
    const lines = [...part(root, "remarks").querySelectorAll("div:not([hidden]) > ul > li")];
    part(root, "remarks").hidden = !lines.length;
    part(root, "remark").textContent =
      (lines.length > 1 ? `${_("{n} remark|{n} remarks", { n: lines.length })}: ` : "") +
      (lines[0]?.textContent ?? "");
  }
  /**
   * @param {string} name
   * @param {(Node | string)[][]} lines
   */
  function listNotice(name, lines) {
    const notice = part(root, name);
    notice.hidden = !lines.length;
    notice.querySelector("ul")?.replaceChildren(...lines.map((line) => make("li", {}, ...line)));
  }
  /** @param {number | null | undefined} page that failed */
  function againButton(page) {
    const { draft } = desk;
    if (!page || !draft?.files.length) return [];
    const button = /** @type {HTMLButtonElement} */ (
      make("button", { type: "button", class: "link" }, _("Try page {n} again", { n: page }))
    );
    button.addEventListener("click", async function again() {
      const { readPage } = await bring("desk/reread", () => import("./reread.js"));
      button.disabled = true;
      if (await readPage(draft, page)) part(root, "name").focus();
      button.disabled = false;
    });
    return [button];
  }
  return { tell, count };
}
