// @ts-check
// Buttons and keys that lead to a correction or take one back; correcting is loaded when asked for.
import { action, announce } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { _ } from "../lib/words.js";

/** @typedef {import("../lib/model.js").Word} Word */

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root } = desk;
  /** @type {ReturnType<typeof import("./edit-flow.js").enhance> | null} */
  let flow = null;

  async function comingFlow() {
    const { enhance: enhanceFlow } = await bring("desk/edit-flow", () => import("./edit-flow.js"));
    return (flow ??= enhanceFlow(desk)); // once, though two may have waited for it
  }
  /** @param {Word} word */
  async function open(word) {
    (await comingFlow()).open(word);
  }
  /** @param {1 | -1} by */
  async function goDoubt(by) {
    (await comingFlow()).goDoubt(by);
  }
  /** @param {"undo" | "redo"} how */
  async function step(how) {
    const word = desk.draft?.step(how);
    if (word) await open(word);
    announce(`${how === "undo" ? _("Undone") : _("Done again")}${word ? `: ${word.text}` : "."}`);
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    if (event.target instanceof HTMLInputElement && hasOwnUndo(event.target)) return;
    event.preventDefault();
    step(event.shiftKey ? "redo" : "undo");
  }

  action(root, "next-doubt").addEventListener("click", () => goDoubt(1));
  action(root, "previous-doubt").addEventListener("click", () => goDoubt(-1));
  action(root, "undo").addEventListener("click", () => step("undo"));
  action(root, "redo").addEventListener("click", () => step("redo"));
  root.addEventListener("keydown", press);
  return {
    open,
    /** Closes a word that is open. */
    leave: () => flow?.leave(),
  };
}

/**
 * Whether something was typed there that the browser itself undoes.
 * @param {HTMLInputElement} field
 */
function hasOwnUndo({ name, value, defaultValue }) {
  return name !== "correction" || value !== defaultValue;
}
