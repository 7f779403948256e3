// @ts-check
// Outlines of zones, lines and words over the picture, in the picture's own pixels.
import { placesOf, trust } from "./model.js";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {import("./model.js").Dot} Dot */

/**
 * @param {Element} svg @param {import("./model.js").Page} page @param {Set<string>} shown
 * @param {import("./model.js").Word | null} current
 */
export function drawBoxes(svg, page, shown, current) {
  svg.setAttribute("viewBox", `0 0 ${page.width_px} ${page.height_px}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const shapes = [];
  if (shown.has("zones")) shapes.push(...page.zones.flatMap((zone) => outline(zone.quad, "zone")));
  if (shown.has("lines")) shapes.push(...page.zones.flatMap((zone) => (zone.lines ?? []).flatMap((line) => outline(line.quad, "line"))));
  for (const { word } of placesOf(page)) {
    if (word === current) shapes.push(...outline(word.quad, "current"));
    else if (shown.has("doubtful") && trust(word) === "doubtful") shapes.push(...outline(word.quad, "doubtful"));
    else if (shown.has("words")) shapes.push(...outline(word.quad, "word"));
  }
  svg.replaceChildren(...shapes);
}

/** Two strokes, light under dark, so that an outline shows on any picture. @param {Dot[]} quad @param {string} kind */
function outline(quad, kind) {
  return ["halo", kind].map((name) => {
    const polygon = document.createElementNS(SVG, "polygon");
    polygon.setAttribute("points", quad.map(([x, y]) => `${x},${y}`).join(" "));
    polygon.setAttribute("class", name);
    return polygon;
  });
}

/** The word under a point of the page. @param {import("./model.js").Page} page @param {Dot} dot */
export function wordAt(page, dot) {
  return placesOf(page).find(({ word }) => inside(word.quad, dot))?.word ?? null;
}

/** @param {Dot[]} quad @param {Dot} dot */
function inside(quad, [x, y]) {
  let sign = 0;
  return quad.every(([left, top], at) => {
    const [right, bottom] = quad[(at + 1) % quad.length];
    const side = Math.sign((right - left) * (y - top) - (bottom - top) * (x - left));
    if (side && sign && side !== sign) return false;
    sign = side || sign;
    return true;
  });
}
