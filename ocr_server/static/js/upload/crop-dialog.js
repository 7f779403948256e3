// @ts-check
// Cropping and turning a picture before it is read, or a page: a dialog with it and its four corners.
// No `enhance`: the dialog is found when it is first asked for.
import { enhance as enhanceCorners } from "../lib/corners.js";
import { action, found, part } from "../lib/dom.js";
import { rectify } from "../lib/perspective.js";
import { _ } from "../lib/words.js";

export const UNSHOWN = _(
  "This browser cannot show the picture, so it cannot be cropped or turned.",
);

/** @typedef {import("../lib/geometry.js").Dot} Dot */
/**
 * @typedef {{file: File, whole: File, quad: Dot[] | null}} Trimmed the picture as it is wanted, the
 *   one that it was cut out of, and its corners there unless it is all of it
 */

const QUALITY = 0.95;
const MOST_PIXELS = 16_000_000; // on an iPhone a canvas of more than 16.7 megapixels stays empty
/** @type {ReturnType<typeof enhanceCorners> | null} */
let known = null;

/** @type {Promise<Trimmed | null>} */
let last = Promise.resolve(null);

/**
 * The picture as the person wants it, or null where it is to be left; one after another, as they
 * share the dialog. Rejects what the browser cannot show.
 * @param {File} file
 * @param {{quad?: Dot[] | null, deed?: string}} [how] its corners to begin with, and what the button
 *   says
 * @returns {Promise<Trimmed | null>}
 */
export function trimmed(file, { quad = null, deed = _("Read this") } = {}) {
  const next = () => ask(file, quad, deed);
  last = last.then(next, next);
  return last;
}

/**
 * @param {File} file
 * @param {Dot[] | null} quad
 * @param {string} deed
 * @returns {Promise<Trimmed | null>}
 */
async function ask(file, quad, deed) {
  const asked = await askCorners(file, file.name, { quad, deed });
  if (!asked) return null;
  const { canvas, corners, quarters } = asked;
  if (!quarters && !corners) return { file, whole: file, quad: null };
  const cut = corners ? rectify(canvas, corners) : canvas;
  const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ resolve) =>
    cut.toBlob(resolve, file.type === "image/png" ? "image/png" : "image/jpeg", QUALITY),
  );
  if (!blob) return null;
  const result = new File([blob], file.name, { type: blob.type });
  return quarters
    ? { file: result, whole: result, quad: null }
    : { file: result, whole: file, quad: asked.quad };
}

/**
 * What a person has chosen of a picture, or null where it is to be left: the canvas that shows it,
 * the corners there unless it is all of it, by how many quarters it is turned clockwise, and the
 * corners in the picture as it is, from the one that is then the upper left.
 * @param {Blob} picture
 * @param {string} name
 * @param {{quad?: Dot[] | null, deed: string}} how
 */
export async function askCorners(picture, name, { quad = null, deed }) {
  const dialog = /** @type {HTMLDialogElement} */ (found(document, "#trim"));
  const canvas = /** @type {HTMLCanvasElement} */ (part(dialog, "still"));
  const whole = await createImageBitmap(picture);
  const bitmap = await within(MOST_PIXELS, whole);
  const scale = bitmap.width / whole.width;
  draw(canvas, bitmap, 0);
  const corners = (known ??= enhanceCorners(part(dialog, "finder"), canvas));
  const deeds = new AbortController();
  const { signal } = deeds;
  let quarters = 0;

  /** @param {number} by */
  function turn(by) {
    quarters = (quarters + by + 4) % 4;
    draw(canvas, bitmap, quarters);
    corners.show(null);
  }
  action(dialog, "turn-left").addEventListener("click", () => turn(-1), { signal });
  action(dialog, "turn-right").addEventListener("click", () => turn(1), { signal });
  action(dialog, "whole").addEventListener("click", () => corners.show(null), { signal });
  part(dialog, "name").textContent = name;
  found(dialog, "[value=read]").textContent = deed;
  dialog.returnValue = "";
  dialog.showModal();
  corners.show(quad && quad.map(([x, y]) => [x * scale, y * scale]));
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  deeds.abort();
  corners.hide();
  if (dialog.returnValue !== "read") return null;
  return {
    canvas,
    quarters,
    corners: corners.isWhole ? null : corners.quad,
    quad: corners.quad.map(
      (dot) =>
        /** @type {Dot} */ (
          turnedBack(dot, canvas.width, canvas.height, quarters).map((at) => at / scale)
        ),
    ),
  };
}

/**
 * Where a point of a picture that was turned clockwise lay before.
 * @param {Dot} dot
 * @param {number} width as it was turned
 * @param {number} height
 * @param {number} quarters
 * @returns {Dot}
 */
function turnedBack([x, y], width, height, quarters) {
  if (!quarters) return [x, y];
  return turnedBack([y, width - x], height, width, quarters - 1);
}

/**
 * A picture that a canvas can take.
 * @param {number} most pixels
 * @param {ImageBitmap} bitmap
 */
async function within(most, bitmap) {
  const { width, height } = bitmap;
  const scale = Math.sqrt(most / (width * height));
  if (scale >= 1) return bitmap;
  return createImageBitmap(bitmap, {
    resizeWidth: Math.floor(width * scale),
    resizeHeight: Math.floor(height * scale),
    resizeQuality: "high",
  });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap} bitmap
 * @param {number} quarters
 */
function draw(canvas, bitmap, quarters) {
  const { width, height } = bitmap;
  [canvas.width, canvas.height] = quarters % 2 ? [height, width] : [width, height];
  const pen = /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate((quarters * Math.PI) / 2);
  pen.drawImage(bitmap, -width / 2, -height / 2);
}
