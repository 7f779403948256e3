// @ts-check
// The viewfinder: the running camera, then a still with its corners, which becomes a page.
import { enhance as enhanceCorners } from "../lib/corners.js";
import { action, found, make, part } from "../lib/dom.js";
import { rectify } from "../lib/perspective.js";
import { recall, remember } from "../lib/storage.js";
import { _ } from "../lib/words.js";
import { pagesOf } from "./book.js";
import { enhance as enhanceCapabilities } from "./capabilities.js";
import { enhance as enhanceFullScreen } from "./full-screen.js";
import { enhance as enhanceLive } from "./live.js";
import { findPage, largerPhoto, toJpeg } from "./still.js";
import { enhance as enhanceStream } from "./stream.js";
import { enhance as enhanceTaken } from "./taken.js";

const UNANSWERED_MS = 5000; // then the question is probably not seen
const FRAMES_LATEST_MS = 2000; // a server that answers no frame does not keep a page waiting
const HIDDEN_MS = 60_000; // a tab out of sight gives the camera back

/**
 * @typedef {{isBusy: boolean, sends?: boolean, add: (files: File[], how: {together: boolean}) =>
 *   Promise<void>}} Queue what becomes of pictures; `sends`: they are read elsewhere
 */

/**
 * @param {HTMLElement} root the camera
 * @param {HTMLFormElement} form
 * @param {Queue} queue
 */
export function enhance(root, form, queue) {
  const video = /** @type {HTMLVideoElement} */ (part(root, "video"));
  const still = /** @type {HTMLCanvasElement} */ (part(root, "still"));
  const devices = /** @type {HTMLSelectElement} */ (found(root, "#device"));
  const book = /** @type {HTMLInputElement} */ (found(root, "#book"));
  const flow = /** @type {HTMLInputElement} */ (found(root, "#flow"));
  const camera = enhanceStream(video, showTrouble);
  const corners = enhanceCorners(part(root, "finder"), still);
  const live = enhanceLive(root, video, form, { say, capture, isBusy: () => queue.isBusy });
  const taken = enhanceTaken(root, { onChange: tellPages, onAgain: takeAgain });
  const full = enhanceFullScreen(root);
  let named = 0;
  let shots = 0;
  /** A frame on its way would but take the place of a document. */
  let looking = Promise.resolve();

  /** @param {"off" | "asking" | "live" | "still"} state */
  function put(state) {
    root.dataset.state = state;
    part(root, "begin").hidden = state === "live" || state === "still";
    video.hidden = state !== "live";
    still.hidden = state !== "still";
    part(root, "settings").hidden = state !== "live";
    part(root, "live-controls").hidden = state === "still" || (state !== "live" && !taken.count);
    const controls = part(root, "still-controls");
    controls.hidden = state !== "still";
    controls.inert = false;
    if (state !== "still") corners.hide();
    if (state === "live") live.start();
    else live.stop();
    if (state !== "off") part(root, "trouble").hidden = true;
  }
  function isStill() {
    return root.dataset.state === "still";
  }
  /** @param {string} words */
  function say(words) {
    part(root, "hint").textContent = words;
  }
  /** @param {{code: string, words: string}} trouble */
  function showTrouble({ code, words }) {
    if (!isStill()) stop(); // a picture that was taken needs no camera
    root.dataset.trouble = code;
    const notice = part(root, "trouble");
    notice.hidden = false;
    part(root, "trouble-words").textContent = words;
    notice.scrollIntoView({ block: "nearest" });
  }

  async function start(device = recall("camera", "")) {
    put("asking");
    const unseen = setTimeout(
      () => say(_("Look for the camera question near the address bar.")),
      UNANSWERED_MS,
    );
    const running = await camera.start(device);
    clearTimeout(unseen);
    if (!running || !camera.track) return;
    delete root.dataset.trouble;
    say(_("Hold the page still and fill the frame."));
    full.begin();
    put("live");
    enhanceCapabilities(root, video, camera.track);
    await listDevices();
    action(root, "capture").focus();
  }
  async function listDevices() {
    const all = await camera.list();
    const current = camera.track?.getSettings().deviceId;
    devices.replaceChildren(
      ...all.map(({ id, name }) =>
        make("option", { value: id, ...(id === current && { selected: "" }) }, name),
      ),
    );
    part(root, "device-field").hidden = all.length < 2;
  }
  function stop() {
    camera.stop();
    full.end();
    put("off");
    say("");
    action(root, "start").focus();
  }

  function rest() {
    if (isStill()) camera.stop();
    else stop();
    say(_("The camera was switched off while you were away."));
  }

  /** @param {ImageBitmap} [sharpest] of the last frames; without one, what the video shows now */
  async function capture(sharpest) {
    if (root.dataset.state !== "live" || !camera.track) return;
    drawStill(
      sharpest ?? video,
      sharpest?.width ?? video.videoWidth,
      sharpest?.height ?? video.videoHeight,
    );
    put("still");
    corners.show(null);
    say(_("Put the corners on the page, or read the whole picture."));
    action(root, "use").focus();
    const look = (looking = lookCloser(camera.track));
    await look;
    const isPressed = part(root, "still-controls").inert;
    if (flow.checked && isStill() && look === looking && !isPressed) await keep();
  }
  /**
   * The camera's own photo if it is larger, and the corners of the page in it.
   * @param {MediaStreamTrack} track
   */
  async function lookCloser(track) {
    const shot = (shots += 1);
    const isThere = () => isStill() && shot === shots;
    const photo = await largerPhoto(track, still.width);
    if (photo && isThere()) {
      drawStill(photo, photo.width, photo.height);
      corners.show(null);
    }
    await live.stop();
    const outline = isThere() && (await findPage(still));
    if (!outline || !isThere() || !corners.isWhole) return; // somebody was quicker
    corners.show(outline);
    say(_("This is the page, as it seems. Move a corner if it is not."));
  }
  /**
   * @param {CanvasImageSource} picture
   * @param {number} width
   * @param {number} height
   */
  function drawStill(picture, width, height) {
    still.width = width;
    still.height = height;
    still.getContext("2d", { willReadFrequently: true })?.drawImage(picture, 0, 0);
  }
  /** @param {Promise<void>} frames */
  function inTime(frames) {
    return Promise.race([frames, new Promise((resolve) => setTimeout(resolve, FRAMES_LATEST_MS))]);
  }
  /** Makes the still a page of the document that is being taken. */
  async function addStill() {
    part(root, "still-controls").inert = true; // a second press must not add it once more
    await inTime(looking);
    const quad = corners.isWhole ? null : [...corners.quad];
    const picture = quad ? rectify(still, quad) : still;
    const shot = shots;
    const pages = [];
    for (const page of book.checked ? pagesOf(picture) : [picture]) {
      named += 1;
      const name = `${_("Picture {n}", { n: named })}.jpg`;
      const file = await toJpeg(page, name);
      const isCut = quad && !book.checked;
      const whole = isCut ? await toJpeg(still, name) : file;
      pages.push({ file, whole, quad: isCut ? quad : null, shot });
    }
    taken.add(pages);
  }
  async function keep() {
    await addStill();
    back();
  }
  async function use() {
    say(queue.sends ? _("Sending …") : _("Reading …"));
    if (isStill()) await addStill();
    const files = taken.take();
    await inTime(live.stop());
    const read = queue.add(files, { together: true });
    back();
    if (queue.sends) return;
    full.leave();
    say(_("Reading … the text will appear below."));
    await read;
    const desk = found(document, "#desk");
    (desk.hidden ? found(document, "#queue") : desk).scrollIntoView({ block: "start" });
  }
  function tellPages() {
    const { count } = taken;
    action(root, "finish").hidden = !count;
    const deed = (/** @type {number} */ n) =>
      queue.sends
        ? _("Send {n} page|Send {n} pages", { n })
        : _("Read {n} page|Read {n} pages", { n });
    action(root, "finish").textContent = deed(count);
    if (root.dataset.state === "off") part(root, "live-controls").hidden = !count;
    const n = count + (book.checked ? 2 : 1);
    action(root, "use").textContent = n > 1 || queue.sends ? deed(n) : _("Read this");
  }
  function back() {
    if (!camera.track) return stop();
    live.disarm();
    put("live");
    const n = taken.count;
    say(
      taken.again
        ? _("{name} will be taken again.", { name: taken.again })
        : n && flow.checked
          ? _("{n} page taken. Turn to the next.|{n} pages taken. Turn to the next.", { n })
          : _("Hold the page still and fill the frame."),
    );
    action(root, "capture").focus();
    return undefined;
  }
  /** The camera runs then, whatever it did. */
  function takeAgain() {
    if (camera.track) back();
    else start();
  }
  /**
   * Space takes the picture unless a control has the focus.
   * @param {KeyboardEvent} event
   */
  function press(event) {
    if (event.key !== " " || event.target !== document.body) return;
    event.preventDefault();
    capture();
  }
  function findDevices() {
    if (root.dataset.trouble === "missing") start();
    else if (camera.track) listDevices();
  }

  tellPages();
  book.addEventListener("change", tellPages);
  action(root, "start").addEventListener("click", () => start());
  action(root, "stop").addEventListener("click", stop);
  action(root, "capture").addEventListener("click", () => capture());
  action(root, "retake").addEventListener("click", back);
  action(root, "whole").addEventListener("click", () => corners.show(null));
  action(root, "use").addEventListener("click", use);
  action(root, "finish").addEventListener("click", use);
  action(root, "keep").addEventListener("click", keep);
  devices.addEventListener("change", function change() {
    remember("camera", devices.value);
    start(devices.value);
  });
  document.addEventListener("keydown", press);
  navigator.mediaDevices?.addEventListener("devicechange", findDevices);
  window.addEventListener("beforeunload", function ask(event) {
    if (taken.count || isStill()) event.preventDefault();
  });
  for (const event of ["pagehide", "left"])
    window.addEventListener(event, () => camera.track && rest());
  let leaving = 0;
  document.addEventListener("visibilitychange", function leave() {
    clearTimeout(leaving);
    if (document.hidden && camera.track) leaving = setTimeout(rest, HIDDEN_MS);
  });
}
