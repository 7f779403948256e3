// @ts-check
// Everything on the desk that counts or reports: summary, doubts, legend, advice, deeds.
import { trust } from "./model.js";
import { action, make, part } from "./parts.js";
import { deeds, seconds, summary } from "./wording.js";

/** @param {import("./desk.js").Desk} desk */
export function makeReport(desk) {
  const { root } = desk;

  function tell() {
    const { draft, page } = desk;
    if (!draft || !page) return;
    part(root, "name").textContent = draft.name;
    part(root, "summary").textContent = summary(draft.document, draft.ms);
    const states = draft.places.map(({ word }) => trust(word));
    const count = (/** @type {string} */ state) => states.filter((other) => other === state).length;
    const doubtful = count("doubtful");
    part(root, "doubts").textContent = doubtful ? `${doubtful} doubtful` : "None doubtful";
    action(root, "previous-doubt").disabled = action(root, "next-doubt").disabled = !doubtful;
    action(root, "undo").disabled = !draft.done.length;
    action(root, "redo").disabled = !draft.undone.length;
    part(root, "legend").replaceChildren(
      ...["unsure", "doubtful", "checked"].filter(count).map((state) => make("span", {}, make("span", { class: `word ${state}` }, state), ` ${count(state)}`)),
    );
    listNotice("advice", (page.quality?.problems ?? []).map((problem) => [`${problem.message} ${problem.advice}`]));
    listNotice("failed", draft.document.problems.map((problem) => [`${problem.page ? `Page ${problem.page}: ` : ""}${problem.detail || problem.title} `, ...againButton(problem.page)]));
    const { did, fine } = deeds(page);
    part(root, "report").hidden = !did.length;
    part(root, "stages").replaceChildren(
      ...did.map((deed) => make("li", {}, make("b", {}, deed.words), ` in ${deed.ms < 1000 ? `${Math.ceil(deed.ms)} ms` : seconds(deed.ms)}`)),
      ...(fine.length ? [make("li", {}, `Left as it was: ${[...new Set(fine)].join(", ")}.`)] : []),
    );
  }
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
      const { readPage } = await import("./again.js");
      button.disabled = true;
      if (await readPage(draft, page)) part(root, "name").focus();
      button.disabled = false;
    });
    return [button];
  }
  return { tell };
}
