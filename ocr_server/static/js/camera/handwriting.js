// @ts-check
// Handwriting as it is written: lines are read when their ink has changed and the hand is away.
import { found } from "../lib/dom.js";
import { post } from "../lib/http.js";
import { _ } from "../lib/words.js";
import { asPause } from "./frame-loop.js";
import { CELL_PX, cellsOf, followInk } from "./ink.js";
import { keepLines } from "./written-lines.js";

const LOOK_MS = 100;
const SMALL_PX = 320; // the longer side of the picture in which ink is looked for
const AROUND = 3; // cells above and below changed ink that are read, too
const READ_PX = 1280;
const EDGE_PX = 4; // a line that touches the edge of the part is the half of another one
const QUALITY = 0.85;

/** @typedef {import("./frame-loop.js").Region} Region */

/**
 * @param {HTMLElement} root the camera
 * @param {HTMLVideoElement} video
 * @param {{region: () => Region | null, fields: () => FormData, isBusy: () => boolean, say: (words:
 *   string) => void, show: (lines: import("./written-lines.js").Written[], changed:
 *   import("./written-lines.js").Written[]) => void}} how
 */
export function enhance(root, video, { region, fields, isBusy, say, show }) {
  const mode = /** @type {HTMLInputElement} */ (found(root, "#handwriting"));
  const reading = /** @type {HTMLInputElement} */ (found(root, "#reading"));
  const small = document.createElement("canvas");
  const sent = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (
    small.getContext("2d", { willReadFrequently: true })
  );
  const lines = keepLines();
  /** @type {ReturnType<typeof followInk> | null} */
  let ink = null;
  let place = "";
  let timer = 0;
  let isAsking = false;
  let pausedUntil = 0;

  async function look() {
    const part = region();
    if (!part || !video.videoWidth || document.hidden || isAsking || isBusy()) return;
    const scale = SMALL_PX / Math.max(part.width, part.height);
    small.width = Math.round(part.width * scale);
    small.height = Math.round(part.height * scale);
    pen.drawImage(
      video,
      part.left,
      part.top,
      part.width,
      part.height,
      0,
      0,
      small.width,
      small.height,
    );
    const cells = cellsOf(pen.getImageData(0, 0, small.width, small.height));
    const where = JSON.stringify(part);
    if (!ink || where !== place) ink = followInk(cells.columns, cells.rows);
    place = where;
    const rows = ink.look(cells, performance.now());
    if (!rows || performance.now() < pausedUntil) return;
    const cell_px = CELL_PX / scale;
    const span = lines.partOf(
      { top: part.top + rows.top * cell_px, bottom: part.top + rows.bottom * cell_px },
      AROUND * cell_px,
    );
    const top = Math.max(part.top, span.top);
    const bottom = Math.min(part.top + part.height, span.bottom);
    isAsking = true;
    try {
      const read = await ask({ left: part.left, top, width: part.width, height: bottom - top });
      if (!mode.checked) return;
      ink.settle(rows, cells);
      const whole = read.filter(
        (line) =>
          (top === part.top || line.top > top + EDGE_PX) &&
          (bottom === part.top + part.height || line.bottom < bottom - EDGE_PX),
      );
      const changed = lines.put(whole, { top, bottom });
      show(lines.all, changed);
      say(
        changed.length ? _("Reading as you write.") : _("Write on; the hand must leave the line."),
      );
    } catch (error) {
      const { ms, words } = asPause(error);
      pausedUntil = performance.now() + ms;
      say(words);
    } finally {
      isAsking = false;
    }
  }

  /**
   * The lines that the server reads in a part of the picture, in pixels of the camera.
   * @param {Region} part
   */
  async function ask({ left, top, width, height }) {
    const scale = Math.max(1, Math.max(width, height) / READ_PX);
    sent.width = Math.max(1, Math.round(width / scale));
    sent.height = Math.max(1, Math.round(height / scale));
    sent
      .getContext("2d")
      ?.drawImage(video, left, top, width, height, 0, 0, sent.width, sent.height);
    const frame = await new Promise((resolve) => sent.toBlob(resolve, "image/jpeg", QUALITY));
    const form = fields();
    for (const name of ["pages", "password", "steps", "engine"]) form.delete(name);
    form.set("file", frame, "frame.jpg");
    form.set("handwriting", "auto");
    form.set("detail", "line");
    const seen = await (await post("v1/frames", form)).json();
    return /** @type {import("../lib/model.js").Zone[]} */ (seen.zones)
      .flatMap((zone) => zone.lines ?? [])
      .map(({ text, box }) => ({
        text,
        left: left + box[0] * scale,
        top: top + box[1] * scale,
        bottom: top + box[3] * scale,
      }));
  }

  function dress() {
    if (mode.checked && !reading.checked) reading.click(); // region and transcript are the same
    if (!mode.checked) ink = null;
  }
  mode.addEventListener("change", dress);
  reading.addEventListener("change", function leave() {
    if (!reading.checked) mode.checked = false;
  });

  return {
    get isOn() {
      return mode.checked;
    },
    /** Forget what was read. */
    clear: lines.clear,
    /**
     * A person has corrected a line.
     * @param {number} id
     * @param {string} text
     */
    correct(id, text) {
      const line = lines.all.find((one) => one.id === id);
      if (line) Object.assign(line, { text, corrected: true });
    },
    start() {
      ink = null;
      clearInterval(timer);
      timer = setInterval(() => mode.checked && look(), LOOK_MS);
    },
    stop() {
      clearInterval(timer);
    },
  };
}
