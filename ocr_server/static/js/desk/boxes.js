// @ts-check
// Outlines of zones, lines and words over the picture, in the picture's own pixels.
// No `enhance`: it draws a page into the element it is given.
import { trust } from "../lib/confidence.js";
import { distance, inside } from "../lib/geometry.js";
import { placesOf } from "../lib/model.js";

const SVG = "http://www.w3.org/2000/svg";
const AROUND = 0.18; // of a word's height, so that its letters are not struck out

/** @typedef {import("../lib/geometry.js").Dot} Dot */

/**
 * @param {Element} svg
 * @param {import("../lib/model.js").Page} page
 * @param {Set<string>} shown
 * @param {import("../lib/model.js").Word | null} current
 */
export function drawBoxes(svg, page, shown, current) {
  svg.setAttribute("viewBox", `0 0 ${page.width_px} ${page.height_px}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const shapes = [];
  if (shown.has("zones")) shapes.push(...page.zones.flatMap((zone) => outline(zone.quad, "zone")));
  if (shown.has("lines"))
    shapes.push(
      ...page.zones.flatMap((zone) =>
        (zone.lines ?? []).flatMap((line) => outline(line.quad, "line")),
      ),
    );
  for (const { word } of placesOf(page)) {
    if (word === current) shapes.push(...outline(around(word.quad), "current"));
    else if (shown.has("doubtful") && trust(word) === "doubtful")
      shapes.push(...outline(around(word.quad), "doubtful"));
    else if (shown.has("words")) shapes.push(...outline(around(word.quad), "word"));
  }
  svg.replaceChildren(...shapes);
}

/**
 * @param {Dot[]} quad
 * @returns {Dot[]}
 */
function around([start, end, opposite, below]) {
  const [length, height] = [end, below].map((corner) => distance(start, corner) || 1);
  const room = AROUND * height;
  const along = [0, 1].map((at) => ((end[at] - start[at]) / length) * room);
  const down = [0, 1].map((at) => ((below[at] - start[at]) / height) * room);
  const put = (/** @type {Dot} */ [x, y], /** @type {number} */ on, /** @type {number} */ under) =>
    /** @type {Dot} */ ([x + on * along[0] + under * down[0], y + on * along[1] + under * down[1]]);
  return [put(start, -1, -1), put(end, 1, -1), put(opposite, 1, 1), put(below, -1, 1)];
}

/**
 * Two strokes, light under dark, so that an outline shows on any picture.
 * @param {Dot[]} quad
 * @param {string} kind
 */
function outline(quad, kind) {
  return ["halo", kind].map((name) => {
    const polygon = document.createElementNS(SVG, "polygon");
    polygon.setAttribute("points", quad.map(([x, y]) => `${x},${y}`).join(" "));
    polygon.setAttribute("class", name);
    return polygon;
  });
}

/**
 * The word under a point of the page.
 * @param {import("../lib/model.js").Page} page
 * @param {Dot} dot
 */
export function wordAt(page, dot) {
  return placesOf(page).find(({ word }) => inside(word.quad, dot))?.word ?? null;
}
