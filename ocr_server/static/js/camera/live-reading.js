// @ts-check
// Reading as one holds it: a rectangle of the picture, its words where they stand, a transcript.
import { action, found, part } from "../lib/dom.js";
import { distance } from "../lib/geometry.js";
import { enhance as enhanceRect } from "../lib/rect-select.js";
import { enhance as enhanceTranscript } from "./transcript.js";

/**
 * @typedef {import("./frame-loop.js").Seen} Seen
 * @typedef {import("../lib/geometry.js").Dot} Dot
 * @typedef {import("../lib/geometry.js").Box} Box
 */

const SVG = "http://www.w3.org/2000/svg";
// Of the screen; where most lines are smaller, words are only marked, though they can be selected.
const LEGIBLE_PX = 12;
const LEAST_PX = 40; // of the camera; less holds no line
// Shares of the picture: left, top, right, bottom.
const PRESETS = { whole: [0, 0, 1, 1], middle: [0.05, 0.35, 0.95, 0.65], top: [0, 0, 1, 0.5] };

/**
 * @param {HTMLElement} root the camera
 * @param {HTMLVideoElement} video
 * @param {SVGSVGElement} svg over it
 * @param {{toFinder: (seen: {left: number, top: number, scale: number}) => (dot: Dot) => Dot,
 *   freeze: (wanted: boolean) => void}} how
 */
export function enhance(root, video, svg, { toFinder, freeze }) {
  const reading = /** @type {HTMLInputElement} */ (found(root, "#reading"));
  const auto = /** @type {HTMLInputElement} */ (found(root, "#auto"));
  const where = /** @type {HTMLSelectElement} */ (found(root, "#region"));
  const host = part(root, "region");
  const still = action(root, "freeze");
  const transcript = enhanceTranscript(part(root, "transcript"));
  const whole = { left: 0, top: 0, scale: 1 };
  const region = enhanceRect(host, {
    size: () => [video.videoWidth, video.videoHeight],
    dotAt,
    put,
    onDrawn: draw,
    onPlaced: draw,
  });

  function draw() {
    where.value = "drawn";
  }
  /**
   * @param {{clientX: number, clientY: number}} event
   * @returns {Dot}
   */
  function dotAt({ clientX, clientY }) {
    const around = host.getBoundingClientRect();
    const [[x0, y0], [x1, y1]] = [
      [0, 0],
      [video.videoWidth, video.videoHeight],
    ].map((dot) => toFinder(whole)(/** @type {Dot} */ (dot)));
    return [
      ((clientX - around.x - x0) / (x1 - x0)) * video.videoWidth,
      ((clientY - around.y - y0) / (y1 - y0)) * video.videoHeight,
    ];
  }
  /** @param {Box} box */
  function put([left, top, right, bottom]) {
    const [one, other] = [toFinder(whole)([left, top]), toFinder(whole)([right, bottom])];
    const sides = {
      left: Math.min(one[0], other[0]),
      top: one[1],
      width: Math.abs(other[0] - one[0]),
      height: other[1] - one[1],
    };
    for (const [name, px] of Object.entries(sides)) region.frame.style.setProperty(name, `${px}px`);
  }
  function preset() {
    svg.replaceChildren();
    const shares = PRESETS[/** @type {keyof typeof PRESETS} */ (where.value)];
    const { videoWidth: width, videoHeight: height } = video;
    region.set(shares ? shares.map((share, at) => share * (at % 2 ? height : width)) : region.box);
  }
  /** @param {boolean} wanted */
  function hold(wanted) {
    still.setAttribute("aria-pressed", String(wanted));
    svg.toggleAttribute("data-frozen", wanted);
    host.toggleAttribute("inert", wanted);
  }
  function dress() {
    const on = reading.checked;
    part(root, "transcript").hidden = part(root, "region-field").hidden = host.hidden = !on;
    auto.disabled = on;
    svg.replaceChildren();
    svg.toggleAttribute("data-stale", false);
    if (on) preset();
  }

  reading.addEventListener("change", dress);
  where.addEventListener("change", preset);
  region.frame.addEventListener(
    "keydown",
    (event) => event.key.startsWith("Arrow") && (where.value = "drawn"),
  );
  still.addEventListener("click", function toggle() {
    hold(still.getAttribute("aria-pressed") !== "true");
    freeze(svg.hasAttribute("data-frozen"));
  });
  // Firefox selects nothing in an SVG by a double click.
  svg.addEventListener("dblclick", function select(event) {
    const text = /** @type {Element} */ (event.target);
    if (text.tagName === "text" && getSelection()?.isCollapsed)
      getSelection()?.selectAllChildren(text);
  });
  new ResizeObserver(() => host.hidden || region.set(region.box)).observe(part(root, "finder"));

  return {
    get isOn() {
      return reading.checked;
    },
    /** What is read, in pixels of the camera; nothing while only the page is looked for. */
    region() {
      const [left, top, right, bottom] = region.box;
      if (!reading.checked) return null;
      if (right - left < LEAST_PX || bottom - top < LEAST_PX)
        return { left: 0, top: 0, width: video.videoWidth, height: video.videoHeight };
      return { left, top, width: right - left, height: bottom - top };
    },
    /** @param {Seen} seen */
    take(seen) {
      const place = toFinder(seen);
      const lines = seen.zones
        .flatMap((zone) => zone.lines ?? [])
        .map(({ quad, text }) => ({ quad: quad.map(place), text }));
      const heights = lines
        .map(({ quad }) => distance(quad[0], quad[3]))
        .sort((one, other) => one - other);
      const kind = heights[Math.floor(heights.length / 2)] < LEGIBLE_PX ? "seen" : "ground";
      svg.replaceChildren(...lines.flatMap(({ quad, text }) => lineShapes(quad, text, kind)));
      transcript.take(seen.text);
    },
    /**
     * Words must not stand where the page has left.
     * @param {boolean} stale
     */
    fade(stale) {
      svg.toggleAttribute(
        "data-stale",
        stale && reading.checked && !svg.hasAttribute("data-frozen"),
      );
    },
    start() {
      hold(false);
      dress();
    },
    stop() {
      hold(false);
      host.hidden = true;
    },
  };
}

/**
 * @param {Dot[]} quad
 * @param {string} words
 * @param {"seen" | "ground"} kind
 */
function lineShapes(quad, words, kind) {
  const [start, end, , below] = quad;
  const length = distance(start, end);
  const height = distance(start, below);
  const angle = (Math.atan2(end[1] - start[1], end[0] - start[0]) * 180) / Math.PI;
  const ground = document.createElementNS(SVG, "polygon");
  ground.setAttribute("class", kind);
  ground.setAttribute("points", quad.map((dot) => dot.join(",")).join(" "));
  const text = document.createElementNS(SVG, "text");
  text.setAttribute("transform", `translate(${below[0]} ${below[1]}) rotate(${angle})`);
  text.setAttribute("y", String(-height * 0.15));
  text.setAttribute("font-size", String(height * 0.95));
  text.setAttribute("textLength", String(length));
  text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  text.textContent = words;
  return [ground, text];
}
