// @ts-check
// While the camera runs: the page's outline, one hint at a time, capture by itself, reading as you hold.
import { chosenFields } from "./choosing.js";
import { drawOutline, placeOf } from "./corners.js";
import { hintFor } from "./hints.js";
import { found, part } from "./parts.js";
import { makeTranscript } from "./transcript.js";
import { makeWatcher } from "./watching.js";

/** @typedef {import("./watching.js").Seen} Seen @typedef {import("./model.js").Dot} Dot */

const SVG = "http://www.w3.org/2000/svg";
const HINT_MS = 1500; // a hint stays at least so long
const VERIFIED = 2; // looks in a row that must be good before it captures by itself
const LEGIBLE_PX = 8; // of the screen; smaller words are only marked
const REARM = 8; // grey levels: the scene has changed, the next page may come
// Shares of the picture: left, top, width, height.
const REGIONS = { whole: [0, 0, 1, 1], middle: [0.05, 0.35, 0.9, 0.3], top: [0, 0, 1, 0.5] };

/**
 * @param {HTMLElement} root the camera @param {HTMLVideoElement} video @param {HTMLFormElement} form
 * @param {{say: (words: string) => void, capture: () => void, isBusy: () => boolean}} deeds
 */
export function makeLive(root, video, form, { say, capture, isBusy }) {
  const finder = part(root, "finder");
  const svg = /** @type {SVGSVGElement} */ (found(root, ".outline"));
  const auto = /** @type {HTMLInputElement} */ (found(root, "#auto"));
  const reading = /** @type {HTMLInputElement} */ (found(root, "#reading"));
  const where = /** @type {HTMLSelectElement} */ (found(root, "#region"));
  const transcript = makeTranscript(part(root, "transcript"));
  const watcher = makeWatcher(video, { region, fields: () => chosenFields(form), isBusy, onSeen: see, onTrouble: say });
  /** @type {number[]} */
  let latencies = [];
  let good = 0;
  let armed = true;
  let saidAt = 0;
  let said = "";

  /** What is read, in pixels of the camera; nothing while only the page is looked for. */
  function region() {
    if (!reading.checked) return null;
    const [left, top, width, height] = REGIONS[/** @type {keyof typeof REGIONS} */ (where.value)];
    const { videoWidth: across, videoHeight: down } = video;
    return { left: left * across, top: top * down, width: width * across, height: height * down };
  }
  /** @param {Seen} seen */
  function see(seen) {
    if (root.dataset.state !== "live") return;
    latencies = [...latencies.slice(-19), seen.ms];
    tell(seen);
    if (reading.checked) {
      drawWords(seen);
      transcript.take(seen.text);
      hint(seen.text ? "Reading as you hold it." : "Nothing to read yet.");
      return;
    }
    const { code, words } = hintFor(seen);
    drawPage(seen, code);
    hint(words);
    if (seen.motion > REARM || !seen.outline) armed = true;
    good = code === "ready" ? good + 1 : 0;
    if (!auto.checked || !armed || good < VERIFIED) return;
    armed = false;
    good = 0;
    capture();
  }
  /** @param {string} words */
  function hint(words) {
    const now = performance.now();
    if (words === said || now - saidAt < HINT_MS) return;
    said = words;
    saidAt = now;
    say(words);
  }
  /** @param {Seen} seen */
  function tell(seen) {
    const typical = [...latencies].sort((one, other) => one - other)[Math.floor(latencies.length / 2)];
    const camera = Math.round(/** @type {MediaStream | null} */ (video.srcObject)?.getVideoTracks()[0]?.getSettings().frameRate ?? 0);
    part(root, "readout").textContent = `${video.videoWidth} × ${video.videoHeight}, ${camera} frames/s, answers in ${Math.round(seen.ms)} ms (typically ${Math.round(typical)} ms)`;
  }

  /** A point of a seen frame as a point of the viewfinder. @param {Seen} seen */
  function toFinder(seen) {
    const { x, y, scale } = placeOf(finder, video, video.videoWidth, video.videoHeight);
    const mirrored = video.classList.contains("mirrored");
    return (/** @type {Dot} */ [left, top]) => {
      const px = seen.left + left * seen.scale;
      return /** @type {Dot} */ ([x + (mirrored ? video.videoWidth - px : px) * scale, y + (seen.top + top * seen.scale) * scale]);
    };
  }
  function sizeOverlay() {
    svg.setAttribute("viewBox", `0 0 ${finder.clientWidth} ${finder.clientHeight}`);
    svg.toggleAttribute("hidden", false);
  }
  /** @param {Seen} seen @param {string} code */
  function drawPage(seen, code) {
    sizeOverlay();
    svg.dataset.sure = code === "ready" ? "yes" : "no";
    if (seen.outline) drawOutline(svg, seen.outline.map(toFinder(seen)));
    else svg.replaceChildren();
  }
  /** The words where they stand, so that one sees what is being read. @param {Seen} seen */
  function drawWords(seen) {
    sizeOverlay();
    const place = toFinder(seen);
    const lines = seen.zones.flatMap((zone) => zone.lines ?? []);
    const frame = /** @type {const} */ ([[0, 0], [seen.width_px, 0], [seen.width_px, seen.height_px], [0, seen.height_px]]);
    svg.dataset.sure = "yes";
    drawOutline(svg, frame.map((corner) => place([...corner])));
    svg.firstElementChild?.remove();
    for (const line of lines) svg.append(...lineShapes(line.quad.map(place), line.words.map((word) => word.text).join(" ")));
  }

  for (const control of [auto, reading, where]) {
    control.addEventListener("change", function change() {
      root.toggleAttribute("data-reading", reading.checked);
      part(root, "transcript").hidden = !reading.checked;
      part(root, "region-field").hidden = !reading.checked;
      auto.disabled = reading.checked;
      latencies = [];
      saidAt = 0;
    });
  }

  return {
    start() {
      latencies = [];
      good = 0;
      saidAt = 0;
      said = "";
      watcher.start();
    },
    /** Ends when the last frame has been answered. */
    stop() {
      svg.replaceChildren();
      return watcher.stop();
    },
    /** Wait for another page before it captures by itself again. */
    disarm() {
      armed = false;
    },
  };
}

/** @param {Dot[]} quad @param {string} words */
function lineShapes(quad, words) {
  const [start, end, , below] = quad;
  const length = Math.hypot(end[0] - start[0], end[1] - start[1]);
  const height = Math.hypot(below[0] - start[0], below[1] - start[1]);
  const angle = (Math.atan2(end[1] - start[1], end[0] - start[0]) * 180) / Math.PI;
  const ground = document.createElementNS(SVG, "polygon");
  ground.setAttribute("class", height < LEGIBLE_PX ? "seen" : "ground");
  ground.setAttribute("points", quad.map((dot) => dot.join(",")).join(" "));
  if (height < LEGIBLE_PX) return [ground];
  const text = document.createElementNS(SVG, "text");
  text.setAttribute("transform", `translate(${below[0]} ${below[1]}) rotate(${angle})`);
  text.setAttribute("y", String(-height * 0.15));
  text.setAttribute("font-size", String(height * 0.95));
  text.setAttribute("textLength", String(length));
  text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  text.textContent = words;
  return [ground, text];
}
