// @ts-check
// A page seen aslant, made straight: what lies between four corners, as if seen from above.
// Source: Heckbert, "Fundamentals of Texture Mapping and Image Warping" (1989), section 2.2.3.
// No `enhance`: it makes a canvas from another.
import { distance } from "./geometry.js";

/** @typedef {import("./geometry.js").Dot} Dot */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Dot[]} quad clockwise from the top left
 * @returns {HTMLCanvasElement}
 */
export function rectify(canvas, quad) {
  const side = (/** @type {number} */ from, /** @type {number} */ to) =>
    distance(quad[from], quad[to]);
  const width = Math.max(1, Math.round(Math.max(side(0, 1), side(3, 2))));
  const height = Math.max(1, Math.round(Math.max(side(0, 3), side(1, 2))));
  const source = penOf(canvas).getImageData(0, 0, canvas.width, canvas.height);
  const result = document.createElement("canvas");
  result.width = width;
  result.height = height;
  const pen = penOf(result);
  const target = pen.createImageData(width, height);
  fill(target, source, squareTo(quad));
  pen.putImageData(target, 0, 0);
  return result;
}

/**
 * The map from the unit square to a quad, as coefficients a…h.
 * @param {Dot[]} quad
 */
export function squareTo([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]) {
  const [sx, sy] = [x0 - x1 + x2 - x3, y0 - y1 + y2 - y3];
  const [dx1, dx2, dy1, dy2] = [x1 - x2, x3 - x2, y1 - y2, y3 - y2];
  const area = dx1 * dy2 - dx2 * dy1 || 1;
  const g = (sx * dy2 - dx2 * sy) / area;
  const h = (dx1 * sy - sx * dy1) / area;
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h];
}

/**
 * Each pixel of the target from the four around its place in the source.
 * @param {ImageData} target
 * @param {ImageData} source
 * @param {number[]} map
 */
function fill(target, source, [a, b, c, d, e, f, g, h]) {
  const { width, height, data } = target;
  const from = source.data;
  const right = source.width - 1;
  const bottom = source.height - 1;
  for (let y = 0, out = 0; y < height; y += 1) {
    const v = (y + 0.5) / height;
    for (let x = 0; x < width; x += 1, out += 4) {
      const u = (x + 0.5) / width;
      const w = g * u + h * v + 1;
      const px = Math.min(right, Math.max(0, (a * u + b * v + c) / w - 0.5));
      const py = Math.min(bottom, Math.max(0, (d * u + e * v + f) / w - 0.5));
      const left = Math.floor(px);
      const top = Math.floor(py);
      const across = px - left;
      const down = py - top;
      const at = 4 * (top * source.width + left);
      const next = left < right ? 4 : 0;
      const below = top < bottom ? 4 * source.width : 0;
      for (let channel = 0; channel < 3; channel += 1) {
        const i = at + channel;
        const upper = from[i] + (from[i + next] - from[i]) * across;
        const lower = from[i + below] + (from[i + below + next] - from[i + below]) * across;
        data[out + channel] = upper + (lower - upper) * down;
      }
      data[out + 3] = 255;
    }
  }
}

/** @param {HTMLCanvasElement} canvas */
function penOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
}
