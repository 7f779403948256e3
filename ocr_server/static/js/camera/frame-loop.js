// @ts-check
// Looks at what the camera shows, frame after frame: one request on its way, the newest frame wins.
import { inside } from "../lib/geometry.js";
import { asRefusal, post } from "../lib/http.js";
import { _ } from "../lib/words.js";

/** @typedef {import("../lib/geometry.js").Dot} Dot */
/**
 * What the server saw in a frame, in pixels of what was sent; `scale` and `left`, `top` bring it
 * back to pixels of the camera, `motion` is how much the scene moved, in grey levels, `glare` the
 * share of the page that is all white though most is not; `ms` is all the time, `encode_ms` and
 * `server_ms` parts of it.
 * @typedef {{width_px: number, height_px: number, outline: Dot[] | null, sharpness: number,
 *   brightness: number, glare: number, text: string, zones: import("../lib/model.js").Zone[], left:
 *   number, top: number, scale: number, motion: number, ms: number, encode_ms: number, server_ms:
 *   number}} Seen
 * @typedef {{left: number, top: number, width: number, height: number}} Region
 */

const LOOK_PX = 640; // enough to find a page
const READ_PX = 1600; // enough to read its letters
const LEAST_PAUSE_MS = 150;
const QUIET_MS = 400; // after a document, until its place is free for sure
const MOTION_PX = 80;
const SLOW_MS = 2000; // then half the looks have to do
const QUALITY = 0.8;
const WHITE = 252; // a grey level that no paper has, lest the whole picture is too bright
const PAPER = 225; // the brightest that paper is while some of it glares
// 504 too: a frame that was not read in time is followed by others, and wants no other setting.
const BUSY = [429, 504];

/**
 * Why a frame was not looked at, in words, and how long to leave the server alone.
 * @param {unknown} error
 */
export function asPause(error) {
  const { status, retryAfter, message } = asRefusal(error);
  return {
    ms: 1000 * Math.max(1, retryAfter),
    words: BUSY.includes(status) ? _("The server is busy; looking again soon.") : message,
  };
}

/**
 * @param {HTMLVideoElement} video
 * @param {{region: () => Region | null, fields: () => FormData, isBusy: () => boolean, onSeen:
 *   (seen: Seen) => void, onTrouble: (words: string) => void}} how while busy, frames would but
 *   take the place of documents; without a region only the page is looked for; with one, its words
 *   are read
 */
export function enhance(video, { region, fields, isBusy, onSeen, onTrouble }) {
  const canvas = document.createElement("canvas");
  const motion = makeMotion(video);
  let wanted = false;
  let watching = Promise.resolve();

  /** @param {Region | null} part */
  async function look(part) {
    const { left, top, width, height } = part ?? {
      left: 0,
      top: 0,
      width: video.videoWidth,
      height: video.videoHeight,
    };
    const scale = Math.max(1, Math.max(width, height) / (part ? READ_PX : LOOK_PX));
    canvas.width = Math.round(width / scale);
    canvas.height = Math.round(height / scale);
    const begun = performance.now();
    const moved = motion.look();
    canvas
      .getContext("2d")
      ?.drawImage(video, left, top, width, height, 0, 0, canvas.width, canvas.height);
    const frame = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    const form = part ? fields() : new FormData();
    form.delete("pages");
    form.delete("password");
    form.delete("steps");
    form.set("file", frame, "frame.jpg");
    if (!part) form.set("detail", "page");
    const encode_ms = performance.now() - begun;
    const response = await post("v1/frames", form);
    const seen = await response.json();
    motion.answered();
    const ms = performance.now() - begun;
    const server_ms = Number(
      /dur=([\d.]+)/.exec(response.headers.get("Server-Timing") ?? "")?.[1] ?? 0,
    );
    if (wanted)
      onSeen({
        ...seen,
        left,
        top,
        scale,
        motion: moved,
        glare: seen.outline
          ? motion.glare(
              seen.outline.map((/** @type {Dot} */ [x, y]) => [
                x / seen.width_px,
                y / seen.height_px,
              ]),
            )
          : 0,
        ms,
        encode_ms,
        server_ms,
      });
    return ms;
  }

  async function watch() {
    let quietUntil = 0;
    while (wanted) {
      let pause = LEAST_PAUSE_MS;
      if (isBusy()) quietUntil = performance.now() + QUIET_MS;
      try {
        if (video.videoWidth && !document.hidden && performance.now() > quietUntil) {
          const ms = await look(region());
          if (ms > SLOW_MS && wanted) {
            pause = ms;
            onTrouble(_("The answers take long; looking less often."));
          }
        }
      } catch (error) {
        const { ms, words } = asPause(error);
        pause = ms;
        if (wanted) onTrouble(words);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  return {
    start() {
      if (wanted) return;
      wanted = true;
      watching = watching.then(watch);
    },
    /** How much the scene has changed since the look that was answered last. */
    drift: () => (video.videoWidth ? motion.drift() : 0),
    /** Ends when nothing is on its way any more: a request given up would still hold its place. */
    stop() {
      wanted = false;
      return watching;
    },
  };
}

/**
 * How much a scene changes from look to look, and since the last answer: the mean difference in
 * grey levels.
 * @param {HTMLVideoElement} video
 */
function makeMotion(video) {
  const canvas = document.createElement("canvas");
  canvas.width = MOTION_PX;
  canvas.height = MOTION_PX;
  const pen = /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  /** @type {Uint8ClampedArray | null} */
  let seen = null;
  /** @type {Uint8ClampedArray | null} */
  let reported = null;
  function now() {
    pen.drawImage(video, 0, 0, MOTION_PX, MOTION_PX);
    return pen.getImageData(0, 0, MOTION_PX, MOTION_PX).data;
  }
  /**
   * @param {Uint8ClampedArray} data
   * @param {Uint8ClampedArray | null} before
   */
  function change(data, before) {
    let sum = 0;
    if (before) for (let at = 1; at < data.length; at += 4) sum += Math.abs(data[at] - before[at]);
    return before ? sum / (data.length / 4) : 255;
  }
  return {
    look() {
      const data = now();
      const moved = change(data, seen);
      seen = data;
      return moved;
    },
    answered: () => (reported = seen),
    /** @param {Dot[]} outline of the page, in shares of the scene */
    glare(outline) {
      const levels = [];
      for (let at = 0; seen && at < MOTION_PX ** 2; at += 1) {
        if (
          inside(outline, [
            ((at % MOTION_PX) + 0.5) / MOTION_PX,
            (Math.floor(at / MOTION_PX) + 0.5) / MOTION_PX,
          ])
        )
          levels.push(seen[4 * at + 1]);
      }
      levels.sort((one, other) => one - other);
      return levels[Math.floor(levels.length / 2)] > PAPER
        ? 0
        : levels.filter((level) => level >= WHITE).length / Math.max(1, levels.length);
    },
    drift: () => change(now(), reported),
  };
}
