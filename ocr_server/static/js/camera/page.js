// @ts-check
// The webcam page before the camera runs: a photo will do instead; the rest is loaded on start.
import { action, found, loadStyles, whenPressed } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { recall } from "../lib/storage.js";
import { chosenFields, enhance as enhanceOptions } from "../upload/options-form.js";
import { enhance as enhanceQueue } from "../upload/queue.js";

/** A desk's code leads a phone here, which then is its camera as long as the tab is open. */
const DESK = /^#desk=([\da-f]+)$/;

/** @param {HTMLElement | null} root */
export function enhance(root) {
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("reader"));
  const files = document.getElementById("queue");
  if (!root || !form || !files) return;
  const enter = () =>
    form.isConnected &&
    enhanceQueue(files, {
      fields: () => chosenFields(form),
      maxBytes: Number(form.dataset.maxBytes),
    });
  addEventListener("entered", enter);
  enhanceOptions(form);
  const [, token = ""] = DESK.exec(location.hash) ?? [];
  if (token || recall("phone", "", "sessionStorage"))
    bring("camera/sending", () => import("./sending.js")).then((sending) =>
      offer(root, form, sending.enhance(root, form, token)),
    );
  else offer(root, form, /** @type {ReturnType<typeof enhanceQueue>} */ (enter()));
}

/**
 * @param {HTMLElement} root
 * @param {HTMLFormElement} form
 * @param {import("./viewfinder.js").Queue} queue
 */
function offer(root, form, queue) {
  const photo = /** @type {HTMLInputElement} */ (found(form, "input[type=file]"));
  photo.addEventListener("change", function takePhoto() {
    queue.add([...(photo.files ?? [])], { together: false });
    photo.value = "";
  });
  whenPressed(action(root, "start"), async function load() {
    const [viewfinder] = await Promise.all([
      bring("camera/viewfinder", () => import("./viewfinder.js")),
      loadStyles("live"),
      loadStyles("corners"),
    ]);
    viewfinder.enhance(root, form, queue);
  });
}

enhance(document.getElementById("camera"));
