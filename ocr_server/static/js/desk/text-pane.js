// @ts-check
// The text of a page: real paragraphs, each word marked by how sure the engine is of it.
import { trust } from "../lib/confidence.js";
import { make } from "../lib/dom.js";
import { distance } from "../lib/geometry.js";
import { bring as load } from "../lib/http.js";
import { gapOf, lineText, paragraphsOf } from "../lib/model.js";
import { _, tagOf } from "../lib/words.js";
import { joinLines } from "./line-join.js";

/**
 * @typedef {import("../lib/model.js").Word} Word
 * @typedef {import("../lib/model.js").Page} Page
 * @typedef {import("./table-view.js").Row} Row
 * @typedef {"current" | "lit" | "spoken"} Mark
 */

const FLOWING_LINES = 3; // fewer say little about how they are broken
const FULL = 0.8; // of the longest line
const HYPHEN = /[-\u00ad\u2010]$/;
const GAP = 2.5; // of a line's height; prose has none so wide
const TIPS = [
  _("Turn the picture upright."),
  _("Crop it to the text."),
  _("Choose the language of the text."),
  _("Take it again with more light, closer and steady."),
];

/**
 * @param {HTMLElement} root
 * @param {{onOpen: (word: Word) => void, onHover: (word: Word | null) => void}} listeners
 */
export function enhance(root, { onOpen, onHover }) {
  /** @type {Map<Word, HTMLElement>} */
  const spans = new Map();
  /** @type {Map<Element, Word>} */
  const words = new Map();
  /**
   * Words that go on in the next line.
   * @type {Set<Word>}
   */
  const parted = new Set();
  /** @type {Map<Element, Row>} */
  const rows = new Map();
  /** @type {HTMLElement | null} */
  let stop = null;
  let isTyping = false;
  /** @type {Page | null} */
  let shown = null;
  /**
   * What is marked, which may be drawn later, and whether it was brought into view.
   * @type {Map<Mark, {word: Word | null, isSeen: boolean}>}
   */
  const marked = new Map();
  /**
   * What draws tables, once there is one.
   * @type {typeof import("./table-view.js") | null}
   */
  let tables = null;
  /** @type {Page | null} */
  let wanted = null;

  /** @param {Page} page */
  async function show(page) {
    wanted = page;
    if (!tables && page.zones.some(({ table }) => table)) {
      // Without it the lines are there to be read, and that it lacks is told.
      tables = await load("desk/table-view", () => import("./table-view.js")).catch(() => null);
      if (wanted !== page) return;
    }
    draw(page);
    for (const how of marked.keys()) drawMark(how);
  }
  /** @param {Page} page */
  function draw(page) {
    spans.clear();
    words.clear();
    parted.clear();
    rows.clear();
    const blocks = page.zones.flatMap((zone) =>
      zone.table && tables
        ? tables.drawTable(zone, row)
        : paragraphsOf(zone)
            .filter((lines) => lines.some(lineText))
            .map(paragraph),
    );
    if (page.codes?.length) blocks.push(codeList(page.codes));
    root.replaceChildren(...(blocks.length ? blocks : [nothing()]));
    stop = null;
    makeStop(root.querySelector(".word.doubtful") ?? root.querySelector(".word"));
    if (page !== shown) root.scrollTop = 0;
    shown = page;
    dress();
  }
  /** Lines as they are typed into, or words as they are picked. */
  function dress() {
    for (const row of rows.keys()) {
      if (isTyping) {
        row.setAttribute("contenteditable", "true");
        row.setAttribute("role", "textbox");
        row.setAttribute("aria-label", _("Line"));
        row.setAttribute("spellcheck", "true");
      } else
        for (const name of ["contenteditable", "role", "aria-label", "spellcheck"])
          row.removeAttribute(name);
    }
    root.toggleAttribute("data-typing", isTyping);
    makeStop(stop);
  }
  /** @param {import("../lib/model.js").Line[]} lines */
  function paragraph(lines) {
    const block = make("p", isFlowing(lines) ? { class: "flowing" } : {});
    block.lang = tagOf(lines[0].language);
    block.dir = lines[0].direction === "rtl" ? "rtl" : "ltr";
    const flows = block.className === "flowing";
    lines.forEach(function add(line, at) {
      const next = flows && lines[at + 1];
      block.append(next ? flowingRow(line, next) : row({ line, words: line.words }));
      if (!next) block.append("\n");
    });
    return block;
  }
  /**
   * A line that runs on into the next one: a word that is parted between them is whole, and only
   * where one types its hyphen is seen.
   * @param {import("../lib/model.js").Line} line
   * @param {import("../lib/model.js").Line} next
   */
  function flowingRow(line, next) {
    const [text, more] = [lineText(line), lineText(next)];
    const joined = joinLines([text, more]);
    const last = line.words.at(-1);
    if (last && joined === text.slice(0, -1) + more) parted.add(last);
    const isApart = joined === `${text} ${more}`;
    const between = isApart ? "\n" : make("span", { class: "between" }, "\n");
    const both = document.createDocumentFragment();
    both.append(row({ line, words: line.words }), between);
    return both;
  }
  /** @param {Row} about */
  function row(about) {
    const span = make("span", { class: "line" });
    rows.set(span, about);
    about.words.forEach((word, at) =>
      span.append(at ? gapOf(about.words[at - 1].text, word.text) : "", wordSpan(word)),
    );
    return span;
  }
  /** @param {import("../lib/answers.js").Code[]} codes */
  function codeList(codes) {
    const items = codes.map(({ kind, value }) =>
      make("li", {}, `${kind}: `, make("code", {}, value)),
    );
    return make("ul", { "aria-label": _("Bar codes") }, ...items);
  }
  /** @param {Word} word */
  function wordSpan(word) {
    const span = make("span", { tabindex: "-1" });
    spans.set(word, span);
    words.set(span, word);
    paint(word);
    return span;
  }
  /** @param {Word} word */
  function paint(word) {
    const span = spans.get(word);
    if (!span) return;
    const state = trust(word);
    if (parted.has(word) && HYPHEN.test(word.text))
      span.replaceChildren(
        word.text.slice(0, -1),
        make("span", { class: "between" }, word.text.slice(-1)),
      );
    else span.textContent = word.text;
    span.className = `word ${state}`;
    span.title =
      state === "checked"
        ? _("Checked")
        : _("{n} % sure", { n: Math.round(word.confidence * 100) });
    if (state === "doubtful" || span === stop) span.setAttribute("role", "button");
    else span.removeAttribute("role");
  }
  /**
   * Scrolls the text, never the page around it.
   * @param {HTMLElement} span
   * @param {number} room that is wanted above and below
   */
  function bring(span, room) {
    const [frame, box] = [root.getBoundingClientRect(), span.getBoundingClientRect()];
    if (box.top < frame.top + room || box.bottom > frame.bottom - room)
      root.scrollTop += box.top - frame.top - frame.height / 2;
  }
  /**
   * Marks a word and brings it into view.
   * @param {Word | null} word
   * @param {Mark} how
   */
  function mark(word, how) {
    marked.set(how, { word, isSeen: false });
    drawMark(how);
  }
  /** @param {Mark} how */
  function drawMark(how) {
    const one = marked.get(how);
    for (const span of root.querySelectorAll(`.${how}`)) span.classList.remove(how);
    const span = one?.word && spans.get(one.word);
    if (!span) return;
    span.classList.add(how);
    if (!one.isSeen) bring(span, how === "lit" ? -span.offsetHeight : span.offsetHeight);
    one.isSeen = true;
  }
  /**
   * The one word that Tab reaches.
   * @param {Element | null | undefined} span
   */
  function makeStop(span) {
    stop?.setAttribute("tabindex", "-1");
    if (!stop?.classList.contains("doubtful")) stop?.removeAttribute("role");
    stop = /** @type {HTMLElement | null} */ (span ?? null);
    stop?.setAttribute("tabindex", isTyping ? "-1" : "0"); // then Tab goes from line to line
    stop?.setAttribute("role", "button"); // so that it is heard that it can be pressed
  }
  /** @param {number} by */
  function step(by) {
    const all = [...words.keys()];
    const next =
      all[Math.min(all.length - 1, Math.max(0, all.indexOf(/** @type {Element} */ (stop)) + by))];
    makeStop(next);
    stop?.focus();
  }
  /**
   * To the row above or below, as the lines are laid out, and the nearest word of it.
   * @param {number} by
   */
  function stepLine(by) {
    if (!stop) return;
    const from = stop.getBoundingClientRect();
    let nearest = null;
    let least = [Infinity, Infinity];
    for (const span of words.keys()) {
      const box = span.getBoundingClientRect();
      const down = (box.top - from.top) * by;
      if (down < from.height / 2) continue;
      const away = [Math.round(down), Math.abs(box.x - from.x)];
      if (away[0] > least[0] || (away[0] === least[0] && away[1] >= least[1])) continue;
      [nearest, least] = [span, away];
    }
    if (!nearest) return;
    makeStop(nearest);
    stop?.focus();
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    const span = /** @type {Element} */ (event.target);
    const word = words.get(span);
    if (isTyping || !word || event.ctrlKey || event.metaKey || event.altKey) return;
    const on = getComputedStyle(span).direction === "rtl" ? -1 : 1;
    const moves = {
      ArrowRight: () => step(on),
      ArrowLeft: () => step(-on),
      ArrowDown: () => stepLine(1),
      ArrowUp: () => stepLine(-1),
      Enter: () => onOpen(word),
      " ": () => onOpen(word),
    };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (!move) return;
    event.preventDefault();
    move();
  }
  /** @param {Event} event */
  function wordOf(event) {
    return words.get(/** @type {Element} */ (event.target)) ?? null;
  }

  root.addEventListener("keydown", press);
  for (const deed of ["focusin", "click"])
    root.addEventListener(deed, (event) => tables?.chooseCell(event));
  root.addEventListener("click", function open(event) {
    const word = wordOf(event);
    if (word && !isTyping && getSelection()?.isCollapsed !== false) onOpen(word);
  });
  // Not when the text moves under a pointer at rest.
  root.addEventListener("pointermove", (event) => onHover(wordOf(event)));
  root.addEventListener("pointerleave", () => onHover(null));
  root.addEventListener("focusin", function follow(event) {
    const word = wordOf(event);
    if (!word) return;
    makeStop(spans.get(word));
    onHover(word);
  });

  return {
    root,
    show,
    paint,
    get rows() {
      return [...rows.keys()];
    },
    get isTyping() {
      return isTyping;
    },
    /** @param {Element} row what stands there */
    rowOf: (row) => rows.get(row) ?? null,
    /** @param {boolean} wanted */
    setTyping(wanted) {
      isTyping = wanted;
      dress();
    },
    mark,
    /** @param {Word} word */
    focus(word) {
      makeStop(spans.get(word));
      stop?.focus();
    },
  };
}

/**
 * Whether lines are broken where the column ends, as prose is, not rows of a list or a bill.
 * @param {import("../lib/model.js").Line[]} lines
 */
function isFlowing(lines) {
  const lengths = lines.map(({ quad: [start, end] }) => distance(start, end));
  const full = FULL * Math.max(...lengths);
  const hasGap = lines.some(({ words, quad: [start, , , below] }) =>
    words.some(
      ({ quad: [next] }, at) =>
        at && distance(words[at - 1].quad[1], next) > GAP * distance(start, below),
    ),
  );
  return (
    lines.length >= FLOWING_LINES &&
    !hasGap &&
    lengths.slice(0, -1).every((length) => length >= full)
  );
}

function nothing() {
  return make(
    "div",
    { class: "empty" },
    make("p", {}, _("No text was found. It may help to:")),
    make("ul", {}, ...TIPS.map((tip) => make("li", {}, tip))),
  );
}
