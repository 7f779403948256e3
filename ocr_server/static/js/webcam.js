// @ts-check
// The webcam page: live picture, still with its corners, then queue and desk as on the upload page.
import { makeCamera } from "./camera.js";
import { chosenFields, enhance as enhanceChoosing } from "./choosing.js";
import { makeCorners } from "./corners.js";
import { enhance as enhanceDesk } from "./desk.js";
import { makeLive } from "./live.js";
import { recall, remember } from "./memory.js";
import { action, found, make, part } from "./parts.js";
import { makeQueue } from "./queue.js";
import { rectify } from "./rectifying.js";
import { post } from "./sending.js";
import { counted } from "./wording.js";

const UNANSWERED_MS = 5000; // then the question is probably not seen
const HIDDEN_MS = 60_000; // a tab out of sight gives the camera back
const QUALITY = 0.92;
const FIND_PX = 1000; // enough to find the corners of a page to a pixel of it

/** @param {HTMLElement | null} root */
export function enhance(root) {
  const desk = enhanceDesk(document.getElementById("desk"));
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("reader"));
  const files = document.getElementById("queue");
  if (!root || !form || !desk || !files) return;
  const page = root;
  const video = /** @type {HTMLVideoElement} */ (part(page, "video"));
  const still = /** @type {HTMLCanvasElement} */ (part(page, "still"));
  const devices = /** @type {HTMLSelectElement} */ (found(page, "#device"));
  const queue = makeQueue(files, { fields: () => chosenFields(form), maxBytes: Number(form.dataset.maxBytes), desk });
  const camera = makeCamera(video, showTrouble);
  const corners = makeCorners(part(page, "finder"), still);
  const live = makeLive(page, video, form, { say, capture, isBusy: () => queue.isBusy });
  let taken = 0;
  /** @type {File[]} */
  let pages = [];

  /** @param {"off" | "asking" | "live" | "still"} state */
  function put(state) {
    page.dataset.state = state;
    part(page, "begin").hidden = state === "live" || state === "still";
    video.hidden = state !== "live";
    still.hidden = state !== "still";
    part(page, "live-controls").hidden = part(page, "settings").hidden = state !== "live";
    part(page, "still-controls").hidden = state !== "still";
    if (state !== "still") corners.hide();
    if (state === "live") live.start();
    else live.stop();
    if (state !== "off") part(page, "trouble").hidden = true;
  }
  /** @param {string} words */
  function say(words) {
    part(page, "hint").textContent = words;
  }
  /** @param {{words: string}} trouble */
  function showTrouble({ words }) {
    put("off");
    say("");
    part(page, "trouble").hidden = false;
    part(page, "trouble-words").textContent = words;
  }

  async function start(device = recall("camera", "")) {
    put("asking");
    const unseen = setTimeout(() => say("Look for the camera question near the address bar."), UNANSWERED_MS);
    const running = await camera.start(device);
    clearTimeout(unseen);
    if (!running) return;
    say("Hold the page still and fill the frame.");
    put("live");
    const { track } = camera;
    action(page, "torch").hidden = !(/** @type {any} */ (track?.getCapabilities?.())?.torch);
    await listDevices();
    action(page, "capture").focus();
  }
  async function listDevices() {
    const all = await camera.list();
    const current = camera.track?.getSettings().deviceId;
    devices.replaceChildren(...all.map(({ id, name }) => make("option", { value: id, ...(id === current && { selected: "" }) }, name)));
    part(page, "device-field").hidden = all.length < 2;
  }
  function stop() {
    camera.stop();
    put("off");
    say("");
    action(page, "start").focus();
  }

  function capture() {
    if (page.dataset.state !== "live") return;
    still.width = video.videoWidth;
    still.height = video.videoHeight;
    still.getContext("2d", { willReadFrequently: true })?.drawImage(video, 0, 0);
    put("still");
    corners.show(null);
    say("Put the corners on the page, or read the whole picture.");
    action(page, "use").focus();
    findCorners();
  }
  /** Sets the corners where the page is, unless somebody was quicker. */
  async function findCorners() {
    const shrunk = document.createElement("canvas");
    const scale = Math.max(1, Math.max(still.width, still.height) / FIND_PX);
    shrunk.width = Math.round(still.width / scale);
    shrunk.height = Math.round(still.height / scale);
    shrunk.getContext("2d")?.drawImage(still, 0, 0, shrunk.width, shrunk.height);
    const form = new FormData();
    form.set("file", await toJpeg(shrunk), "frame.jpg");
    form.set("detail", "page");
    await live.stop();
    try {
      const { outline } = await (await post("/v1/frames", form)).json();
      if (!outline || page.dataset.state !== "still" || !corners.isWhole) return;
      corners.show(outline.map((/** @type {number[]} */ [x, y]) => [x * scale, y * scale]));
      say("This is the page, as it seems. Move a corner if it is not.");
    } catch {
      // Found or not, the corners can be moved by hand.
    }
  }
  /** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
  function toJpeg(canvas) {
    return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture is empty."))), "image/jpeg", QUALITY));
  }
  /** Makes the still a page of the document that is being taken. */
  async function addStill() {
    const picture = corners.isWhole ? still : rectify(still, corners.quad);
    taken += 1;
    pages.push(new File([await toJpeg(picture)], `Picture ${taken}.jpg`, { type: "image/jpeg" }));
    tellPages();
  }
  async function keep() {
    await addStill();
    back();
  }
  async function use() {
    if (page.dataset.state === "still") await addStill();
    const files = pages;
    pages = [];
    tellPages();
    const read = queue.add(files, { together: true });
    back();
    await read;
    document.getElementById("desk")?.scrollIntoView({ block: "start" });
  }
  function tellPages() {
    action(page, "finish").hidden = !pages.length;
    action(page, "finish").textContent = `Read ${counted(pages.length, "page")}`;
    action(page, "use").textContent = pages.length ? `Read ${counted(pages.length + 1, "page")}` : "Read this";
  }
  function back() {
    live.disarm();
    put("live");
    say("Hold the page still and fill the frame.");
    action(page, "capture").focus();
  }
  async function light() {
    const button = action(page, "torch");
    const on = button.getAttribute("aria-pressed") !== "true";
    try {
      await camera.track?.applyConstraints(/** @type {any} */ ({ advanced: [{ torch: on }] }));
      button.setAttribute("aria-pressed", String(on));
    } catch {
      button.hidden = true;
    }
  }
  /** Space takes the picture unless a control has the focus. @param {KeyboardEvent} event */
  function press(event) {
    if (event.key !== " " || event.target !== document.body) return;
    event.preventDefault();
    capture();
  }

  action(page, "start").addEventListener("click", () => start());
  action(page, "stop").addEventListener("click", stop);
  action(page, "capture").addEventListener("click", capture);
  action(page, "retake").addEventListener("click", back);
  action(page, "whole").addEventListener("click", () => corners.show(null));
  action(page, "use").addEventListener("click", use);
  action(page, "finish").addEventListener("click", use);
  action(page, "keep").addEventListener("click", keep);
  action(page, "torch").addEventListener("click", light);
  devices.addEventListener("change", function change() {
    remember("camera", devices.value);
    start(devices.value);
  });
  document.addEventListener("keydown", press);
  navigator.mediaDevices?.addEventListener("devicechange", () => camera.track && listDevices());
  window.addEventListener("pagehide", camera.stop);
  let leaving = 0;
  document.addEventListener("visibilitychange", function leave() {
    clearTimeout(leaving);
    if (document.hidden && camera.track) leaving = setTimeout(stop, HIDDEN_MS);
  });

  enhanceChoosing(form);
  const photo = /** @type {HTMLInputElement} */ (found(form, "input[type=file]"));
  photo.addEventListener("change", function takePhoto() {
    queue.add([...(photo.files ?? [])]);
    photo.value = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}

enhance(document.getElementById("camera"));
