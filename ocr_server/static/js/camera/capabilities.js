// @ts-check
// What some cameras can do besides: light, zoom, and focus where one taps.
import { placeOf } from "../lib/corners.js";
import { action, found, part } from "../lib/dom.js";

/** @type {AbortController | null} */
let before = null;

/**
 * @param {HTMLElement} root
 * @param {HTMLVideoElement} video
 * @param {MediaStreamTrack} track
 */
export function enhance(root, video, track) {
  const can = /** @type {any} */ (track.getCapabilities?.() ?? {});
  const torch = action(root, "torch");
  const zoom = /** @type {HTMLInputElement} */ (found(root, "#camera-zoom"));
  before?.abort();
  before = new AbortController();
  const { signal } = before; // ends the listeners of the camera before

  /**
   * @param {Record<string, unknown>} wish
   * @returns {Promise<boolean>} whether the camera does it
   */
  async function ask(wish) {
    try {
      await track.applyConstraints(/** @type {any} */ ({ advanced: [wish] }));
      return true;
    } catch {
      return false;
    }
  }
  async function light() {
    const on = torch.getAttribute("aria-pressed") !== "true";
    if (await ask({ torch: on })) torch.setAttribute("aria-pressed", String(on));
    else torch.hidden = true;
  }
  /** @param {MouseEvent} event */
  function focus({ clientX, clientY }) {
    const { x: left, y: top } = root.getBoundingClientRect();
    const { x, y, scale } = placeOf(root, video, video.videoWidth, video.videoHeight);
    const across = (clientX - left - x) / scale / video.videoWidth;
    ask({
      pointsOfInterest: [
        {
          x: video.classList.contains("mirrored") ? 1 - across : across,
          y: (clientY - top - y) / scale / video.videoHeight,
        },
      ],
      focusMode: "single-shot",
    });
  }

  torch.hidden = !can.torch;
  torch.setAttribute("aria-pressed", "false");
  torch.addEventListener("click", light, { signal });
  part(root, "zoom-field").hidden = !can.zoom;
  if (can.zoom) {
    const { min, max, step } = can.zoom;
    Object.assign(zoom, {
      min,
      max,
      step: step || "any",
      value: String(/** @type {any} */ (track.getSettings()).zoom ?? min),
    });
    zoom.addEventListener("input", () => ask({ zoom: Number(zoom.value) }), { signal });
  }
  if (can.focusMode?.includes("single-shot")) video.addEventListener("click", focus, { signal });
}
