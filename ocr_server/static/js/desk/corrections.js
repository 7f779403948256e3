// @ts-check
// The dialog of corrections that always hold: changed, added, forgotten, taken along and brought.
// No `enhance`: it opens when somebody asks for it, from wherever that is.
import { keepRules, keptRules } from "../lib/always.js";
import { action, found, loadStyles, part } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import { save } from "./rendering.js";

const FILE = "corrections.tsv"; // a correction a line: as read, a tab, as it is

let isWired = false;

export async function offer() {
  await loadStyles("crop-dialog");
  const dialog = /** @type {HTMLDialogElement} */ (found(document, "#corrections"));
  const list = part(dialog, "rules");
  if (!isWired) wire(dialog, list);
  isWired = true;
  draw(dialog, list);
  dialog.showModal();
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {HTMLElement} list
 */
function wire(dialog, list) {
  const file = /** @type {HTMLInputElement} */ (found(dialog, "[type=file]"));

  function keep() {
    keepRules(new Map(typed(list).filter(([from, to]) => from && to)));
    tell(dialog);
  }
  function add() {
    addRow(dialog, list, "", "");
    found(/** @type {Element} */ (list.lastElementChild), "input").focus();
  }
  function exportAll() {
    const lines = [...keptRules()].map((rule) => `${rule.join("\t")}\n`);
    save(new Blob(lines, { type: "text/tab-separated-values" }), FILE);
  }
  async function bring() {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    const rules = rulesIn(await chosen.text());
    keepRules(new Map([...keptRules(), ...rules]));
    file.value = "";
    draw(dialog, list);
    tell(dialog, _("{n} correction imported.|{n} corrections imported.", { n: rules.length }));
  }
  function forgetAll() {
    if (!confirm(_("Forget all corrections?"))) return;
    keepRules(new Map());
    draw(dialog, list);
  }
  /** @param {Event} event */
  function forget({ target }) {
    const button = /** @type {Element} */ (target).closest("[data-action=forget-rule]");
    if (!button) return;
    button.closest("li")?.remove();
    keep();
    action(dialog, "add-rule").focus();
  }

  list.addEventListener("input", keep);
  list.addEventListener("click", forget);
  action(dialog, "add-rule").addEventListener("click", add);
  action(dialog, "export-rules").addEventListener("click", exportAll);
  action(dialog, "import-rules").addEventListener("click", () => file.click());
  file.addEventListener("change", bring);
  action(dialog, "forget-rules").addEventListener("click", forgetAll);
}

/**
 * @param {HTMLElement} dialog
 * @param {HTMLElement} list
 */
function draw(dialog, list) {
  list.replaceChildren();
  for (const [from, to] of keptRules()) addRow(dialog, list, from, to);
  tell(dialog);
}

/**
 * @param {HTMLElement} dialog
 * @param {HTMLElement} list
 * @param {string} from
 * @param {string} to
 */
function addRow(dialog, list, from, to) {
  const template = /** @type {HTMLTemplateElement} */ (found(dialog, "template"));
  const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  /** @type {HTMLInputElement} */ (found(row, "[name=from]")).value = from;
  /** @type {HTMLInputElement} */ (found(row, "[name=to]")).value = to;
  list.append(row);
}

/**
 * @param {HTMLElement} dialog
 * @param {string} [words]
 */
function tell(dialog, words = "") {
  const { size } = keptRules();
  part(dialog, "told").textContent =
    words || (size ? "" : _("Nothing yet: tick “Always” where you correct a word."));
  for (const name of ["export-rules", "forget-rules"]) action(dialog, name).disabled = !size;
}

/**
 * @param {HTMLElement} list
 * @returns {[string, string][]}
 */
function typed(list) {
  return [...list.children].map((row) => {
    const [from, to] = [...row.querySelectorAll("input")].map(({ value }) => value.trim());
    return [from, to];
  });
}

/**
 * @param {string} text
 * @returns {[string, string][]}
 */
function rulesIn(text) {
  return text.split(/\r?\n/).flatMap(function rule(line) {
    const [from, to] = line.split("\t").map((one) => one.trim());
    return from && to ? [/** @type {[string, string]} */ ([from, to])] : [];
  });
}
