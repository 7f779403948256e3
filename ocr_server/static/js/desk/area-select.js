// @ts-check
// A rectangle on the picture that is read again: drawn with the pointer, or moved and sized by
// keys.
import { action, announce, found, part } from "../lib/dom.js";
import { enhance as enhanceRect } from "../lib/rect-select.js";
import { _ } from "../lib/words.js";
import { rewritten } from "./line-rewrite.js";
import { read } from "./reread.js";

/**
 * @typedef {import("../lib/geometry.js").Box} Box
 * @typedef {import("../lib/model.js").Line} Line
 * @typedef {import("../lib/model.js").Zone} Zone
 */

const LEAST_PX = 6; // of the page; a smaller rectangle is a slip of the hand

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}]/u;

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, view } = desk;
  const button = action(root, "area");
  const host = part(root, "marking");
  const layout = /** @type {HTMLSelectElement} */ (found(root, "#area-layout"));
  const language = /** @type {HTMLSelectElement} */ (found(root, "#area-language"));
  const typed = /** @type {HTMLInputElement} */ (found(root, "#area-text"));
  const region = enhanceRect(host, {
    size: () => [desk.page?.width_px ?? 0, desk.page?.height_px ?? 0],
    dotAt: view.dotAt,
    put,
    onDrawn: readIt,
    quarters: () => view.quarters,
  });

  /** @param {Box} box */
  function put([left, top, right, bottom]) {
    const sides = { left, top, width: right - left, height: bottom - top };
    for (const [name, px] of Object.entries(sides))
      region.frame.style.setProperty(name, `calc(var(--s) * ${px}px)`);
  }
  function stop() {
    const bar = part(root, "area-bar");
    if ([host, bar].some((one) => one.contains(document.activeElement))) button.focus();
    host.hidden = bar.hidden = true;
    button.setAttribute("aria-pressed", "false");
  }
  function start() {
    if (!desk.page) return;
    const { width_px: width, height_px: height } = desk.page;
    host.hidden = part(root, "area-bar").hidden = false;
    button.setAttribute("aria-pressed", "true");
    region.set([width * 0.1, height * 0.4, width * 0.9, height * 0.6]);
    view.reveal(region.box);
    region.frame.focus({ preventScroll: true });
    announce(
      _(
        "Draw a rectangle, or click where this one should be; the arrow keys move it, " +
          "with Shift they size it. Enter reads it.",
      ),
    );
  }
  async function readIt() {
    const { draft, page } = desk;
    const { box, frame } = region;
    if (!draft || !page || box[2] - box[0] < LEAST_PX || box[3] - box[1] < LEAST_PX)
      return undefined;
    const tokens = typed.value.split(/\s+/).filter(Boolean);
    if (tokens.length) {
      const line = typedLine(box, tokens);
      draft.replace(page, withLinesInside(page.zones, box, [line]), line.words[0]);
      typed.value = "";
      announce(_("The line is put in."));
      return stop();
    }
    frame.setAttribute("aria-busy", "true");
    announce(_("Reading the area."));
    const fresh = await read(draft, page.number, {
      zones: JSON.stringify([{ box: box.map(Math.round), layout: layout.value }]),
      ...(language.value && { languages: language.value }),
    });
    frame.removeAttribute("aria-busy");
    if (!fresh) return undefined;
    const lines = fresh.zones.flatMap((zone) => zone.lines ?? []);
    const count = lines.reduce((sum, line) => sum + line.words.length, 0);
    if (count) draft.replace(page, withLinesInside(page.zones, box, lines));
    announce(
      count
        ? _("{n} word read in the area.|{n} words read in the area.", { n: count })
        : _("No text was found in the area; what stood there was kept."),
    );
    return stop();
  }

  button.addEventListener("click", () => (host.hidden ? start() : stop()));
  action(root, "read-area").addEventListener("click", readIt);
  typed.addEventListener("input", function tell() {
    action(root, "read-area").textContent = typed.value.trim() ? _("Put it in") : _("Read it");
  });
  typed.addEventListener("keydown", (event) => event.key === "Enter" && readIt());
  region.frame.addEventListener("keydown", function leave(event) {
    if (event.key === "Escape") stop();
    else if (event.key.startsWith("Arrow")) view.reveal(region.box);
  });
  root.addEventListener("turned", stop);
}

/**
 * Zones in which lines take the place of the words that stand in a box.
 * @param {Zone[]} zones
 * @param {Box} box
 * @param {Line[]} lines
 * @returns {Zone[]}
 */
function withLinesInside(zones, box, lines) {
  let put = false;
  const changed = zones.map((zone) => {
    /** @type {Line[]} */
    const kept = [];
    for (const line of zone.lines ?? []) {
      const words = line.words.filter((word) => !isInside(word, box));
      if (words.length < line.words.length && !put) {
        kept.push(...lines.map((fresh) => ({ ...fresh, paragraph: line.paragraph })));
        put = true;
      }
      if (words.length) kept.push(words.length < line.words.length ? { ...line, words } : line);
    }
    return { ...zone, ...(zone.lines && { lines: kept }) };
  });
  if (put) return changed;
  const below = changed.findIndex((zone) => zone.box[1] >= box[3]);
  changed.splice(below < 0 ? changed.length : below, 0, {
    kind: "text",
    box,
    quad: quadOf(box),
    lines,
  });
  return changed;
}

/**
 * A line of words that a person has typed, as wide as a box.
 * @param {Box} box
 * @param {string[]} tokens
 * @returns {Line}
 */
function typedLine(box, tokens) {
  const quad = quadOf(box);
  const [left, top, right, bottom] = box;
  const place = { text: "\u2026", confidence: 1, box, quad };
  const direction = RIGHT_TO_LEFT.test(tokens.join("")) ? "rtl" : "ltr";
  /** @type {Line} */
  const line = {
    ...place,
    ...{ baseline: [quad[3], quad[2]], x_height_px: (bottom - top) / 2, paragraph: 0, direction },
    words: [place],
  };
  const { words } = rewritten(line, tokens);
  return {
    ...line,
    text: tokens.join(" "),
    words: words.map((word) => ({ ...word, checked: true, corrected_from: null })),
  };
}

/**
 * @param {Box} box
 * @returns {import("../lib/geometry.js").Dot[]}
 */
function quadOf([left, top, right, bottom]) {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/**
 * @param {import("../lib/model.js").Word} word
 * @param {Box} box
 */
function isInside({ box: [left, top, right, bottom] }, [x0, y0, x1, y1]) {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return x >= x0 && x <= x1 && y >= y0 && y <= y1;
}
