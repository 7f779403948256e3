// @ts-check
// While the camera runs: the page's outline, one hint at a time, capture by itself, reading as you
// hold.
import { drawOutline, placeOf } from "../lib/corners.js";
import { action, found, part } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import { chosenFields } from "../upload/options-form.js";
import { enhance as enhanceFrameLoop } from "./frame-loop.js";
import { enhance as enhanceHandwriting } from "./handwriting.js";
import { hintFor } from "./hints.js";
import { enhance as enhanceLiveReading } from "./live-reading.js";
import { enhance as enhanceStats } from "./stats.js";

/**
 * @typedef {import("./frame-loop.js").Seen} Seen
 * @typedef {import("../lib/geometry.js").Dot} Dot
 */

const HINT_MS = 2000; // a hint stays at least so long
const VERIFIED = 3; // looks in a row that must be good before it captures by itself
const REARM = 8; // grey levels: the scene has changed, the next page may come

/**
 * @param {HTMLElement} root the camera
 * @param {HTMLVideoElement} video
 * @param {HTMLFormElement} form
 * @param {{say: (words: string) => void, capture: (sharpest?: ImageBitmap) => void, isBusy: () =>
 *   boolean}} deeds
 */
export function enhance(root, video, form, { say, capture, isBusy }) {
  const finder = part(root, "finder");
  const svg = /** @type {SVGSVGElement} */ (found(root, ".outline"));
  const book = /** @type {HTMLInputElement} */ (found(root, "#book"));
  const auto = /** @type {HTMLInputElement} */ (found(root, "#auto"));
  const readout = enhanceStats(part(root, "readout"), video);
  const held = enhanceLiveReading(root, video, svg, { toFinder, freeze });
  const watcher = enhanceFrameLoop(video, {
    region: held.region,
    fields: () => chosenFields(form),
    isBusy: () => isBusy() || writing.isOn,
    onSeen: see,
    onTrouble: say,
  });
  const writing = enhanceHandwriting(root, video, {
    region: held.region,
    fields: () => chosenFields(form),
    isBusy: () => isBusy() || svg.hasAttribute("data-frozen"),
    say: hint,
    show: held.transcript.show,
  });
  held.transcript.onCorrected(writing.correct, writing.clear);
  let good = 0;
  let lost = 0; // looks in a row without an outline
  let armed = true;
  let hintedAt = 0;
  let lastHint = "";
  /** @type {{sharpness: number, picture: ImageBitmap} | null} */
  let sharpest = null;

  /** @param {Seen} seen */
  async function see(seen) {
    if (root.dataset.state !== "live") return;
    readout.tell(seen);
    svg.setAttribute("viewBox", `0 0 ${finder.clientWidth} ${finder.clientHeight}`);
    svg.toggleAttribute("hidden", false);
    if (writing.isOn) return;
    if (held.isOn) {
      held.take(seen);
      hint(seen.text ? _("Reading as you hold it.") : _("Nothing to read yet."));
      return;
    }
    const isBook = book.checked;
    lost = seen.outline ? 0 : lost + 1;
    const { code, words } = hintFor({ ...seen, lost, isBook });
    svg.dataset.sure = code === "ready" ? "yes" : "no";
    if (seen.outline) drawOutline(svg, seen.outline.map(toFinder(seen)));
    else svg.replaceChildren();
    hint(words);
    if (seen.motion > REARM || !(seen.outline || isBook)) armed = true;
    if (auto.checked && armed && code === "ready") await verify(seen);
    else forgetFrames();
  }
  /**
   * One more good look; after enough of them, the sharpest is taken.
   * @param {Seen} seen
   */
  async function verify(seen) {
    put(good + 1);
    if (!sharpest || seen.sharpness > sharpest.sharpness) {
      sharpest?.picture.close();
      sharpest = { sharpness: seen.sharpness, picture: await createImageBitmap(video) };
    }
    if (good < VERIFIED) return;
    const { picture } = sharpest;
    armed = false;
    sharpest = null;
    put(0);
    capture(picture);
  }
  function forgetFrames() {
    sharpest?.picture.close();
    sharpest = null;
    put(0);
  }
  /**
   * The ring round the shutter says how far it is.
   * @param {number} looks
   */
  function put(looks) {
    good = looks;
    action(root, "capture").style.setProperty("--ready", String(looks / VERIFIED));
  }
  /** Keeps the words of another part on the page for `HINT_MS`. */
  function pauseHints() {
    lastHint = "";
    hintedAt = performance.now();
  }
  /** @param {string} words */
  function hint(words) {
    const now = performance.now();
    if (words === lastHint || now - hintedAt < HINT_MS) return;
    lastHint = words;
    hintedAt = now;
    say(words);
  }
  /**
   * A point of a seen frame as a point of the viewfinder.
   * @param {{left: number, top: number, scale: number}} seen
   */
  function toFinder(seen) {
    const { x, y, scale } = placeOf(finder, video, video.videoWidth, video.videoHeight);
    const mirrored = video.classList.contains("mirrored");
    return (/** @type {Dot} */ [left, top]) => {
      const px = seen.left + left * seen.scale;
      return /** @type {Dot} */ ([
        x + (mirrored ? video.videoWidth - px : px) * scale,
        y + (seen.top + top * seen.scale) * scale,
      ]);
    };
  }
  /** @param {boolean} wanted */
  function freeze(wanted) {
    if (wanted) {
      video.pause();
      watcher.stop();
    } else {
      video.play();
      watcher.start();
    }
  }
  function reset() {
    readout.clear();
    forgetFrames();
    hintedAt = 0;
  }
  /**
   * Escape stops it from taking the picture by itself, until another page comes.
   * @param {KeyboardEvent} event
   */
  function leave(event) {
    if (event.key !== "Escape" || !good) return;
    armed = false;
    forgetFrames();
    say(_("Not taken. Show another page, or press the button."));
    pauseHints();
  }

  for (const control of [auto, found(root, "#reading")]) control.addEventListener("change", reset);
  document.addEventListener("keydown", leave);
  setInterval(() => held.fade(root.dataset.state === "live" && watcher.drift() > REARM), 150);

  return {
    start() {
      reset();
      pauseHints();
      held.start();
      writing.start();
      watcher.start();
    },
    /** Ends when the last frame has been answered. */
    stop() {
      svg.replaceChildren();
      held.stop();
      writing.stop();
      return watcher.stop();
    },
    /** Wait for another page before it captures by itself again. */
    disarm() {
      armed = false;
    },
  };
}
