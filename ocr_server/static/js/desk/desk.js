// @ts-check
// The desk where a result is read and corrected: picture and text side by side, one word lighting
// up on both sides. What only some need is loaded when they first ask for it.
import { limits, setDoubt } from "../lib/confidence.js";
import { action, announce, found, part, whenPressed } from "../lib/dom.js";
import { canTrim } from "../lib/files.js";
import { drawBoxes, wordAt } from "./boxes.js";
import { enhance as enhanceCopyDownload } from "./copy-download.js";
import { pictureOf } from "./page-images.js";
import { enhance as enhanceSplitter } from "./splitter.js";
import { enhance as enhanceSummary } from "./summary.js";
import { enhance as enhanceTabs } from "./tabs.js";
import { layText } from "./text-layer.js";
import { enhance as enhanceTextPane } from "./text-pane.js";
import { enhance as enhanceZoom } from "./zoom.js";

const DWELL_MS = 250; // who only passes over a word does not want the picture to move

/**
 * @typedef {import("./draft.js").Draft} Draft
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Page} Page
 */
/**
 * What the parts of the desk share. The element tells them "turned" when another page is shown, or
 * none.
 * @typedef {{root: HTMLElement, picture: HTMLImageElement, draft: Draft | null, page: Page | null,
 *   lit: Word | null, opened: Word | null, view: ReturnType<typeof enhanceZoom>, text:
 *   ReturnType<typeof enhanceTextPane>, showPage: (page: Page) => void, paint: () => void}} Desk
 */

/** @param {HTMLElement} root */
export function enhance(root) {
  const layer = part(root, "layer");
  const picture = /** @type {HTMLImageElement} */ (part(root, "picture"));
  const text = enhanceTextPane(part(root, "text"), { onOpen: openWord, onHover: point });
  /** @type {Desk} */
  const desk = {
    root,
    picture,
    draft: null,
    page: null,
    lit: null,
    opened: null,
    view: enhanceZoom(root),
    text,
    showPage,
    paint,
  };
  const summary = enhanceSummary(desk);

  function shown() {
    return new Set(
      [...root.querySelectorAll("[name=shown]:checked")].map(
        (box) => /** @type {HTMLInputElement} */ (box).value,
      ),
    );
  }
  function paint() {
    if (desk.page) drawBoxes(part(root, "boxes"), desk.page, shown(), desk.opened ?? desk.lit);
    layer.toggleAttribute("data-shown", shown().has("text"));
    part(root, "veil-field").hidden = !shown().has("text");
    summary.count();
  }
  /** The page's words anew, everywhere. */
  function paintWords() {
    if (!desk.page) return;
    layText(layer, desk.page);
    paint();
    summary.tell();
  }

  /** @param {Page} next */
  async function showPage(next) {
    const { draft, view } = desk;
    if (!draft) return;
    desk.page = next;
    desk.lit = desk.opened = null;
    root.dispatchEvent(new Event("turned"));
    picture.removeAttribute("src");
    picture.alt =
      draft.pages.length > 1
        ? `Page ${next.number}, text in the Text pane`
        : "The picture, its text is in the Text pane";
    view.showPage(next);
    text.show(next);
    showPages();
    paintWords();
    const url = await pictureOf(draft, next.number);
    if (desk.page !== next) return;
    if (url) picture.src = url;
    else unseen();
    part(root, "no-picture").hidden = Boolean(url);
    part(root, "holder").hidden = !url;
    if (url) view.showPage(next);
  }
  function unseen() {
    part(root, "no-picture").textContent = desk.draft?.files.length
      ? "This browser cannot show this kind of picture; its text is beside it."
      : "The picture was not kept when the page was left; its text is beside it.";
    part(root, "no-picture").hidden = false;
    part(root, "holder").hidden = true;
  }
  async function showPages() {
    const { draft, page } = desk;
    part(root, "pages").hidden = !draft || draft.pages.length < 2;
    if (!draft || draft.pages.length < 2) return;
    const { enhance } = await import("./page-navigation.js");
    paging ??= enhance(desk); // once, though two may have waited for it
    if (page === desk.page && page) paging.show(draft, page);
  }
  /** @type {{show: (draft: Draft, page: Page) => void} | null} */
  let paging = null;

  /** @param {Word | null} word */
  function light(word) {
    if (word === desk.lit) return;
    desk.lit = word;
    text.mark(word, "lit");
    paint();
  }
  let dwelling = 0;
  /**
   * Lights a word up, and soon shows where it stands.
   * @param {Word | null} word
   */
  function point(word) {
    if (word === desk.lit) return;
    light(word);
    clearTimeout(dwelling);
    if (word)
      dwelling = setTimeout(() => word === desk.lit && desk.view.reveal(word.box), DWELL_MS);
  }
  /** @type {ReturnType<typeof import("./edit-flow.js").enhance> | null} */
  let correcting = null;
  async function comingCorrecting() {
    const { enhance } = await import("./edit-flow.js");
    return (correcting ??= enhance(desk));
  }
  /** @param {Word} word */
  async function openWord(word) {
    (await comingCorrecting()).open(word);
  }

  /** @param {Event} event */
  function changed(event) {
    for (const word of /** @type {CustomEvent<Word[]>} */ (event).detail) text.paint(word);
    paintWords();
  }
  /** @param {Event} event */
  function replaced(event) {
    const page = /** @type {CustomEvent<Page>} */ (event).detail;
    if (page !== desk.page) return showPage(page);
    desk.lit = desk.opened = null;
    text.show(page);
    return paintWords();
  }
  function grown() {
    const { draft, page } = desk;
    if (!draft?.pages.length) return;
    for (const name of ["area", "compare"]) action(root, name).hidden = !draft.files.length;
    // How many pages there are is known at the end.
    action(root, "join").hidden = !draft.files.length || !draft.ms;
    action(root, "trim").hidden = !canTrim(draft.files);
    if (!page || !draft.pages.includes(page))
      showPage(
        draft.pages.find(({ number }) => number > (page?.number ?? 0)) ??
          draft.pages[draft.pages.length - 1],
      );
    else showPages();
    summary.tell();
  }
  const hears = { changed, replaced, grown };
  /** @param {Draft | null} next */
  function lay(next) {
    for (const [name, hear] of Object.entries(hears)) {
      desk.draft?.removeEventListener(name, hear);
      next?.addEventListener(name, hear);
    }
    desk.draft = next;
    desk.page = null;
    root.hidden = !next;
    grown();
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    if (
      event.target instanceof HTMLInputElement &&
      (event.target.name !== "correction" || event.target.value !== event.target.defaultValue)
    )
      return;
    event.preventDefault();
    step(event.shiftKey ? "redo" : "undo");
  }
  /** @param {"undo" | "redo"} how */
  async function step(how) {
    const word = desk.draft?.step(how);
    if (word) await openWord(word);
    announce(`${how === "undo" ? "Undone" : "Done again"}${word ? `: ${word.text}` : "."}`);
  }
  /** @param {1 | -1} by */
  async function goDoubt(by) {
    (await comingCorrecting()).goDoubt(by);
  }

  enhanceCopyDownload(desk);
  const finding = part(root, "finding");
  finding.addEventListener(
    "toggle",
    async () => finding.hasAttribute("open") && (await import("./entities.js")).listEntities(desk),
  );
  root.addEventListener("turned", () => finding.removeAttribute("open"));
  enhanceTabs(part(root, "tabs"), (name) => (found(root, ".panes").dataset.shown = name));
  enhanceSplitter(root);
  whenPressed(action(root, "area"), async () => (await import("./area-select.js")).enhance(desk));
  whenPressed(action(root, "join"), async () => (await import("./add-files.js")).enhance(desk));
  whenPressed(action(root, "compare"), async () => (await import("./compare.js")).enhance(desk));
  import("./speech.js").then(({ enhance }) => enhance(desk));
  action(root, "next-doubt").addEventListener("click", () => goDoubt(1));
  action(root, "previous-doubt").addEventListener("click", () => goDoubt(-1));
  action(root, "undo").addEventListener("click", () => step("undo"));
  action(root, "redo").addEventListener("click", () => step("redo"));
  for (const box of root.querySelectorAll("[name=shown]")) box.addEventListener("change", paint);
  const limit = /** @type {HTMLInputElement} */ (part(root, "limit"));
  limit.value = String(Math.round(limits.doubtful * 100));
  limit.addEventListener("change", function doubt() {
    setDoubt(limit.valueAsNumber / 100);
    if (desk.page) text.show(desk.page);
    paintWords();
  });
  part(root, "veil").addEventListener("input", (event) =>
    layer.style.setProperty("--veil", `${/** @type {HTMLInputElement} */ (event.target).value}%`),
  );
  root.addEventListener("keydown", press);
  layer.addEventListener(
    "pointermove",
    (event) => event.buttons || light(desk.page && wordAt(desk.page, desk.view.dotAt(event))),
  );
  layer.addEventListener("click", function pick(event) {
    const word = desk.page && wordAt(desk.page, desk.view.dotAt(event));
    if (word && getSelection()?.isCollapsed) openWord(word);
  });
  picture.addEventListener("error", unseen);

  return {
    show: lay,
    hide() {
      lay(null);
      root.dispatchEvent(new Event("turned"));
    },
  };
}
