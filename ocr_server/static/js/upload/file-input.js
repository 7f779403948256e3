// @ts-check
// The ways in which files arrive: picked, dropped anywhere, pasted.
import { action, announce, found, part } from "../lib/dom.js";
import { byName } from "../lib/files.js";
import { CONTROL } from "../lib/keys.js";
import { _ } from "../lib/words.js";

const LEAVING_MS = 120;

/**
 * @param {HTMLElement | null} root the form
 * @param {(files: File[]) => void} take
 */
export function enhance(root, take) {
  if (!root) return;
  const main = found(document, "main");
  const input = /** @type {HTMLInputElement} */ (found(root, "input[type=file]"));
  const ways = part(root, "ways");
  const release = part(root, "release");
  let stateBefore = "";
  let leaving = 0;

  /** @param {Iterable<File>} files */
  function arrive(files) {
    const sorted = [...files].sort((one, other) => byName.compare(one.name, other.name));
    if (sorted.length) take(sorted);
  }
  /**
   * @param {boolean} dragging
   * @param {number} [count]
   */
  function show(dragging, count = 0) {
    if (dragging === (main.dataset.state === "dragging")) return;
    if (dragging) stateBefore = main.dataset.state ?? "idle";
    main.dataset.state = dragging ? "dragging" : stateBefore;
    release.textContent = _("Drop to read|Drop to read {n} files", { n: Math.max(1, count) });
    release.hidden = !dragging;
    ways.hidden = dragging;
  }
  /** @param {DragEvent} event */
  function drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    clearTimeout(leaving);
    show(true, event.dataTransfer.items.length);
  }
  /** @param {DragEvent} event */
  function drop(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    show(false);
    const items = [...event.dataTransfer.items].filter(({ kind }) => kind === "file");
    const files = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory);
    if (files.length < items.length)
      announce(_("Folders cannot be read. Drop the files that are in them."), "alert");
    arrive(files.flatMap((item) => item.getAsFile() ?? []));
  }
  /** @param {ClipboardEvent} event */
  function paste(event) {
    if (event.target instanceof Element && event.target.closest("input:not([type=file]), textarea"))
      return;
    const { files, types } = /** @type {DataTransfer} */ (event.clipboardData);
    if (files.length) {
      event.preventDefault();
      arrive(files);
    } else if (!types.includes("text/plain")) pictures().then((found) => arrive(found ?? []));
  }
  /** What the clipboard has of pictures, which some browsers tell only who asks for it. */
  async function pictures() {
    /** @type {File[]} */
    const files = [];
    const items = await navigator.clipboard?.read().catch(() => null);
    for (const item of items ?? []) {
      const type = item.types.find((name) => name.startsWith("image/"));
      if (type) files.push(new File([await item.getType(type)], _("Pasted picture"), { type }));
    }
    return items ? files : null;
  }
  /** The button for those who have no keys. */
  async function pasteByButton() {
    const button = action(root ?? document, "paste");
    const files = await pictures();
    arrive(files ?? []);
    if (files?.length) return;
    button.textContent = files
      ? _("paste: there is no picture")
      : _("paste: press {control} V", { control: CONTROL });
    announce(
      files
        ? _("There is no picture on the clipboard.")
        : _("The browser does not show its clipboard. Press {control} and V.", {
            control: CONTROL,
          }),
      "alert",
    );
    setTimeout(() => (button.textContent = _("paste")), 4000);
  }
  function pick() {
    arrive(input.files ?? []);
    input.value = "";
  }

  input.addEventListener("change", pick);
  action(root, "paste").addEventListener("click", pasteByButton);
  document.addEventListener("dragenter", drag);
  document.addEventListener("dragover", drag);
  document.addEventListener("dragleave", function leave(event) {
    // Not every browser says where to: whoever is still over the page says so again at once.
    if (!event.relatedTarget) leaving = setTimeout(() => show(false), LEAVING_MS);
  });
  document.addEventListener("drop", drop);
  document.addEventListener("paste", paste);
  document.addEventListener("visibilitychange", () => show(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
  window.addEventListener("blur", () => show(false));
  const [visit] = performance.getEntriesByType("navigation");
  // What was picked before this script was there. After a reload browsers may pick it again.
  if (/** @type {PerformanceNavigationTiming} */ (visit)?.type === "navigate") pick();
}
