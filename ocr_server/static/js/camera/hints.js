// @ts-check
// Pure. One hint at a time to whoever holds the camera; the first that applies.
import { area, distance } from "../lib/geometry.js";
import { _ } from "../lib/words.js";

/** @typedef {import("../lib/geometry.js").Dot} Dot */

const DARK = 0.22; // mean brightness of the picture
const SMALL = 0.25; // share of the picture that the page covers
const EDGE = 0.015; // of the picture's sides
const ASLANT = 0.78; // shorter by longer of two opposite sides
const GLARE = 0.02; // share of the page that is all white
const BLURRED = 60; // variance of the Laplacian at 640 px
const MOVING = 6; // grey levels between two looks
const UNSTEADY = 2.5;
const PATIENCE = 8; // looks without an outline, after which it is of no use to ask for one

/**
 * @param {import("./frame-loop.js").Seen & {lost: number, isBook: boolean}} seen `lost`: how many
 *   looks in a row had no outline; `isBook`: it needs none
 * @returns {{code: string, words: string}}
 */
export function hintFor(seen) {
  if (seen.brightness < DARK) return { code: "dark", words: _("Too dark: more light, please.") };
  const wrong = seen.isBook ? null : hintForOutline(seen);
  if (wrong) return wrong;
  if (seen.glare > GLARE)
    return { code: "glare", words: _("It glares: turn the page or the light a little.") };
  if (seen.motion > MOVING) return { code: "fast", words: _("Move slower.") };
  if (seen.sharpness < BLURRED) return { code: "blurred", words: _("Not sharp yet: hold still.") };
  if (seen.motion > UNSTEADY) return { code: "unsteady", words: _("Hold still.") };
  return { code: "ready", words: _("Good – take it.") };
}

/** @param {import("./frame-loop.js").Seen & {lost: number}} seen */
function hintForOutline({ outline, lost, width_px: width, height_px: height }) {
  if (!outline && lost > PATIENCE)
    return {
      code: "edgeless",
      words: _("No edges found. Take it all the same; of a book, choose two pages."),
    };
  if (!outline) return { code: "nothing", words: _("Show the whole page on a darker ground.") };
  if (area(outline) < SMALL * width * height) return { code: "far", words: _("Come closer.") };
  if (
    outline.some(
      ([x, y]) =>
        x < EDGE * width || y < EDGE * height || x > (1 - EDGE) * width || y > (1 - EDGE) * height,
    )
  )
    return { code: "cut", words: _("The page is cut off: move back a little.") };
  if (evenness(outline) < ASLANT) return { code: "aslant", words: _("Hold it flatter.") };
  return null;
}

/** @param {Dot[]} quad */
function evenness(quad) {
  const sides = quad.map((corner, at) => distance(corner, quad[(at + 1) % 4]));
  return Math.min(
    ...[0, 1].map((at) => Math.min(sides[at], sides[at + 2]) / Math.max(sides[at], sides[at + 2])),
  );
}
