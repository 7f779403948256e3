// @ts-check
// The desk where a result is read and corrected: picture and text side by side, one word lighting
// up on both sides.
import { makeArea } from "./area.js";
import { drawBoxes, wordAt } from "./boxes.js";
import { makeComparing } from "./comparing.js";
import { layText } from "./layer.js";
import { placesOf, trust } from "./model.js";
import { makePaging } from "./paging.js";
import { action, announce, make, part } from "./parts.js";
import { pictureOf, thumbnailOf } from "./pictures.js";
import { makeProof, suggestionsFor } from "./proof.js";
import { makeReadingPane } from "./reading-pane.js";
import { enhance as enhanceSpeech } from "./speech.js";
import { enhance as enhanceTabs } from "./tabs.js";
import { makeTaking } from "./taking.js";
import { counted, deeds, seconds, summary } from "./wording.js";
import { makeZoom } from "./zoom.js";

/** @typedef {import("./draft.js").Draft} Draft @typedef {import("./model.js").Word} Word @typedef {import("./model.js").Page} Page */

/** @param {HTMLElement | null} root */
export function enhance(root) {
  if (!root) return null;
  const desk = root;
  const picture = /** @type {HTMLImageElement} */ (part(desk, "picture"));
  const layer = part(desk, "layer");
  /** @type {Draft | null} */ let draft = null;
  /** @type {Page | null} */ let page = null;
  /** @type {Word | null} */ let lit = null;

  const zoom = makeZoom(desk);
  const paging = makePaging(desk, showPage, async (shown) => (draft ? thumbnailOf(draft, shown.number) : null));
  const text = makeReadingPane(part(desk, "text"), { onOpen: openWord, onHover: light });
  const comparing = makeComparing(desk, () => (draft && page ? { draft, page } : null));
  const area = makeArea(desk, { current: () => (draft && page ? { draft, page } : null), dotAt: zoom.dotAt, reveal: zoom.reveal });
  const proof = makeProof(desk, { onAccept: accept, onLeave: leave });
  const speech = enhanceSpeech(action(desk, "speak"), (word) => text.mark(word, "spoken"));
  enhanceTabs(part(desk, "tabs"), (name) => (panes().dataset.shown = name));
  makeTaking(desk, () => draft);

  function panes() {
    return /** @type {HTMLElement} */ (desk.querySelector(".panes"));
  }
  function shown() {
    return new Set([...desk.querySelectorAll("[name=shown]:checked")].map((box) => /** @type {HTMLInputElement} */ (box).value));
  }
  function paintBoxes() {
    if (page) drawBoxes(part(desk, "boxes"), page, shown(), proof.word ?? lit);
    layer.toggleAttribute("data-shown", shown().has("text"));
  }

  /** @param {Page} next */
  async function showPage(next) {
    if (!draft) return;
    const { files } = draft;
    page = next;
    lit = null;
    proof.hide();
    comparing.stop();
    area.stop();
    speech.stop();
    picture.removeAttribute("src");
    picture.alt = draft.pages.length > 1 ? `Page ${next.number} of ${draft.pages.length}, text in the Text pane` : "The picture, its text is in the Text pane";
    zoom.showPage(next);
    layText(layer, next);
    text.show(next);
    paging.show(draft.pages, next);
    paintBoxes();
    tell();
    const url = await pictureOf(files, next.number, draft.password);
    if (page !== next) return;
    if (url) picture.src = url;
    part(desk, "no-picture").hidden = Boolean(url);
    part(desk, "paper").hidden = !url;
    if (url) zoom.showPage(next);
  }

  /** Everything that counts or reports. */
  function tell() {
    if (!draft || !page) return;
    part(desk, "name").textContent = draft.name;
    part(desk, "summary").textContent = summary(draft.document, draft.ms);
    const words = draft.places.map((place) => place.word);
    const count = (/** @type {string} */ state) => words.filter((word) => trust(word) === state).length;
    const doubtful = count("doubtful");
    part(desk, "doubts").textContent = doubtful ? `${doubtful} doubtful` : "None doubtful";
    action(desk, "previous-doubt").disabled = action(desk, "next-doubt").disabled = !doubtful;
    action(desk, "undo").disabled = !draft.done.length;
    action(desk, "redo").disabled = !draft.undone.length;
    const kinds = [["unsure", "unsure"], ["doubtful", "doubtful"], ["checked", "checked"]];
    part(desk, "legend").replaceChildren(
      ...kinds.filter(([state]) => count(state)).map(([state, name]) => make("span", {}, make("span", { class: `word ${state}` }, name), ` ${count(state)}`)),
    );
    part(desk, "legend").hidden = !words.length;
    listNotice("advice", (page.quality?.problems ?? []).map((problem) => `${problem.message} ${problem.advice}`));
    listNotice("failed", draft.document.problems.map((problem) => `${problem.page ? `Page ${problem.page}: ` : ""}${problem.detail || problem.title}`));
    const { did, fine } = deeds(page);
    part(desk, "report").hidden = !did.length;
    part(desk, "stages").replaceChildren(
      ...did.map((deed) => make("li", {}, make("b", {}, deed.words), ` in ${deed.ms < 1000 ? `${Math.ceil(deed.ms)} ms` : seconds(deed.ms)}`)),
      ...(fine.length ? [make("li", {}, `Left as it was: ${[...new Set(fine)].join(", ")}.`)] : []),
    );
  }
  /** @param {string} name @param {string[]} lines */
  function listNotice(name, lines) {
    const notice = part(desk, name);
    notice.hidden = !lines.length;
    notice.querySelector("ul")?.replaceChildren(...lines.map((line) => make("li", {}, line)));
  }

  /** @param {Word | null} word */
  function light(word) {
    if (word === lit) return;
    lit = word;
    text.mark(word, "lit");
    paintBoxes();
  }
  /** @param {Word} word */
  function openWord(word) {
    if (!draft) return;
    const place = draft.places.find((candidate) => candidate.word === word);
    if (!place) return leave();
    if (place.page !== page) showPage(place.page);
    proof.show(word, suggestionsFor(word, draft.places.map(({ word: other }) => other.text)), picture, place.page);
    text.mark(word, "current");
    zoom.reveal(word.box);
    paintBoxes();
  }
  /** @param {Word} word @param {string} corrected */
  function accept(word, corrected) {
    if (!draft) return;
    const next = doubtFrom(word, 1);
    draft.correct(word, corrected);
    if (!corrected) announce(`${word.corrected_from} is taken out.`);
    if (next && next !== word) {
      openWord(next);
      announce(`${counted(draft.doubtful.length, "doubtful word")} left.`);
    } else {
      leave();
      announce("No doubtful word is left.");
    }
  }
  function leave() {
    const word = proof.word;
    proof.hide();
    text.mark(null, "current");
    if (word) text.focus(word);
    paintBoxes();
  }
  /** The next or previous doubtful word, seen from a word, round the end. @param {Word | null} from @param {1 | -1} by */
  function doubtFrom(from, by) {
    const words = draft?.places.map((place) => place.word) ?? [];
    const start = from ? words.indexOf(from) : by > 0 ? -1 : words.length;
    for (let step = 1; step <= words.length; step += 1) {
      const word = words[(start + by * step + words.length * 2) % words.length];
      if (trust(word) === "doubtful") return word;
    }
    return null;
  }
  /** @param {1 | -1} by */
  function goDoubt(by) {
    const first = page && !proof.word && !lit ? placesOf(page).find(({ word }) => trust(word) === "doubtful")?.word : null;
    const word = (by > 0 && first) || doubtFrom(proof.word ?? lit, by);
    if (word) openWord(word);
  }
  /** @param {"undo" | "redo"} how */
  function stepBack(how) {
    const word = draft?.[how]();
    if (!word) return announce(how === "undo" ? "Undone." : "Done again.");
    openWord(word);
    announce(how === "undo" ? `Undone: ${word.text}` : `Done again: ${word.text}`);
  }
  /** @param {Event} event */
  function changed(event) {
    if (event.currentTarget !== draft) return;
    text.paint(/** @type {CustomEvent} */ (event).detail);
    if (page) layText(layer, page);
    paintBoxes();
    tell();
  }
  /** @param {Event} event */
  function replaced(event) {
    const changedPage = /** @type {CustomEvent} */ (event).detail;
    if (event.currentTarget !== draft) return;
    if (changedPage !== page) return showPage(changedPage);
    proof.hide();
    lit = null;
    layText(layer, changedPage);
    text.show(changedPage);
    paintBoxes();
    tell();
  }
  function grown() {
    if (!draft?.pages.length) return;
    if (!page || !draft.pages.includes(page)) showPage(draft.pages[0]);
    paging.show(draft.pages, /** @type {Page} */ (page));
    tell();
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    if (event.target instanceof HTMLInputElement && event.target.name !== "correction") return;
    if (event.target instanceof HTMLInputElement && event.target.value !== proof.word?.text) return;
    event.preventDefault();
    stepBack(event.shiftKey ? "redo" : "undo");
  }

  action(desk, "next-doubt").addEventListener("click", () => goDoubt(1));
  action(desk, "previous-doubt").addEventListener("click", () => goDoubt(-1));
  action(desk, "undo").addEventListener("click", () => stepBack("undo"));
  action(desk, "redo").addEventListener("click", () => stepBack("redo"));
  action(desk, "speak").addEventListener("click", () => speech.toggle(page?.zones.flatMap((zone) => zone.lines ?? []) ?? []));
  for (const box of desk.querySelectorAll("[name=shown]")) box.addEventListener("change", paintBoxes);
  desk.addEventListener("keydown", press);
  layer.addEventListener("pointermove", (event) => event.buttons || light(page && wordAt(page, zoom.dotAt(event))));
  layer.addEventListener("click", function pick(event) {
    const word = page && wordAt(page, zoom.dotAt(event));
    if (word && getSelection()?.isCollapsed) openWord(word);
  });
  picture.addEventListener("error", function unseen() {
    part(desk, "no-picture").hidden = false;
    part(desk, "paper").hidden = true;
  });

  return {
    /** @param {Draft} next */
    show(next) {
      draft?.removeEventListener("changed", changed);
      draft?.removeEventListener("replaced", replaced);
      draft?.removeEventListener("grown", grown);
      draft = next;
      page = null;
      draft.addEventListener("changed", changed);
      draft.addEventListener("replaced", replaced);
      draft.addEventListener("grown", grown);
      desk.hidden = false;
      grown();
    },
    hide() {
      draft = page = null;
      speech.stop();
      desk.hidden = true;
    },
    /** @param {(draft: Draft) => void} listener */
    onForget(listener) {
      action(desk, "forget").addEventListener("click", () => draft && listener(draft));
    },
    get draft() {
      return draft;
    },
  };
}
