// @ts-check
// The desk where a result is read and corrected: picture and text side by side, one word lighting
// up on both sides. What only some need is loaded when they first ask for it.
import { action, found, part, whenPressed } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { canTrim } from "../lib/files.js";
import { enhance as enhanceOneStop } from "../lib/one-stop.js";
import { enhance as enhanceCopyDownload } from "./copy-download.js";
import { enhance as enhanceEditControls } from "./edit-controls.js";
import { enhance as enhanceOverlays } from "./overlays.js";
import { enhance as enhancePagePicture } from "./page-picture.js";
import { enhance as enhanceSplitter } from "./splitter.js";
import { enhance as enhanceSummary } from "./summary.js";
import { enhance as enhanceTabs } from "./tabs.js";
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
 * none, and "painted" when words are other ones.
 * @typedef {{root: HTMLElement, picture: HTMLImageElement, draft: Draft | null, page: Page | null,
 *   lit: Word | null, opened: Word | null, view: ReturnType<typeof enhanceZoom>, text:
 *   ReturnType<typeof enhanceTextPane>, showPage: (page: Page) => Promise<void>, paint: () => void,
 *   leave: () => void} & Others} Desk
 */
/**
 * @typedef {{drafts: () => Draft[], open: (draft: Draft) => Promise<void>}} Others the documents of
 *   this tab, and how another of them gets onto the desk
 */

/**
 * @param {HTMLElement} root
 * @param {Others} others
 */
export function enhance(root, others) {
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
    leave: () => editing.leave(),
    ...others,
  };
  const summary = enhanceSummary(desk);
  const editing = enhanceEditControls(desk);
  const pagePicture = enhancePagePicture(desk);
  const overlays = enhanceOverlays(desk, { onHover: light, onOpen: openWord, onDoubt: showText });

  function paint() {
    overlays.paint();
    summary.count();
  }
  /**
   * The page's words anew, everywhere.
   * @param {Word[]} [words] those that are others now, if not all
   */
  function paintWords(words) {
    if (!desk.page) return;
    overlays.lay(words);
    paint();
    summary.tell();
    root.dispatchEvent(new Event("painted"));
  }
  function showText() {
    if (desk.page) text.show(desk.page);
    paintWords();
  }

  /** @param {Page} next */
  async function showPage(next) {
    const { draft } = desk;
    if (!draft) return;
    desk.page = next;
    desk.lit = desk.opened = null;
    root.dispatchEvent(new Event("turned"));
    const shown = pagePicture.show(draft, next);
    showText();
    showPages();
    await shown;
  }
  async function showPages() {
    const { draft, page } = desk;
    const isLone = !draft || draft.pages.length < 2;
    part(root, "pages").hidden = found(document, "[data-part=strip]").hidden = isLone;
    if (!draft || draft.pages.length < 2) return;
    const { enhance } = await bring("desk/page-navigation", () => import("./page-navigation.js"));
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
  /** @param {Word} word */
  function openWord(word) {
    return text.isTyping ? undefined : editing.open(word);
  }

  /** @param {Event} event */
  function changed(event) {
    const words = /** @type {CustomEvent<Word[]>} */ (event).detail;
    for (const word of words) text.paint(word);
    paintWords(words);
  }
  /** @param {Event} event */
  function replaced(event) {
    const page = /** @type {CustomEvent<Page>} */ (event).detail;
    if (page !== desk.page) return showPage(page);
    desk.lit = desk.opened = null;
    return showText();
  }
  function grown() {
    const { draft, page } = desk;
    if (!draft?.pages.length) return;
    for (const name of ["area", "compare"]) action(root, name).hidden = !draft.files.length;
    part(root, "rereading").hidden = !draft.files.length || !draft.isEnded;
    // How many pages there are is known at the end.
    action(root, "join").hidden = !draft.files.length || !draft.isEnded;
    action(root, "trim").hidden = !draft.files.length || !(draft.isEnded || canTrim(draft.files));
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
    root.closest("main")?.toggleAttribute("data-desk", Boolean(next));
    grown();
  }

  for (const toolbar of /** @type {NodeListOf<HTMLElement>} */ (
    root.querySelectorAll("[role=toolbar]")
  ))
    enhanceOneStop(toolbar);
  enhanceOneStop(document.querySelector("[data-part=strip]"), "button");
  enhanceCopyDownload(desk);
  const finding = part(root, "finding");
  finding.addEventListener(
    "toggle",
    async () =>
      finding.hasAttribute("open") &&
      (await bring("desk/entities", () => import("./entities.js"))).listEntities(desk),
  );
  root.addEventListener("turned", () => finding.removeAttribute("open"));
  text.root.addEventListener(
    "toggle",
    async function openTable(event) {
      const menu = /** @type {HTMLElement} */ (event.target);
      if (menu.matches("[data-part=table][open]"))
        (await bring("desk/table-edit", () => import("./table-edit.js"))).openTableMenu(desk, menu);
    },
    true, // it does not rise
  );
  enhanceTabs(part(root, "tabs"), (name) => (found(root, ".panes").dataset.shown = name));
  enhanceSplitter(root);
  whenPressed(action(root, "search"), async () =>
    (await bring("desk/search", () => import("./search.js"))).enhance(desk),
  );
  whenPressed(action(root, "type"), async () =>
    (await bring("desk/line-typing", () => import("./line-typing.js"))).enhance(desk),
  );
  whenPressed(part(root, "again"), async () =>
    (await bring("desk/read-again", () => import("./read-again.js"))).enhance(desk),
  );
  whenPressed(action(root, "area"), async () =>
    (await bring("desk/area-select", () => import("./area-select.js"))).enhance(desk),
  );
  whenPressed(action(root, "join"), async () =>
    (await bring("desk/add-files", () => import("./add-files.js"))).enhance(desk),
  );
  whenPressed(action(root, "compare"), async () =>
    (await bring("desk/compare", () => import("./compare.js"))).enhance(desk),
  );
  whenPressed(action(root, "speak"), async () =>
    (await bring("desk/speech", () => import("./speech.js"))).enhance(desk),
  );

  return {
    get page() {
      return desk.page;
    },
    show: lay,
    hide() {
      lay(null);
      root.dispatchEvent(new Event("turned"));
    },
  };
}
