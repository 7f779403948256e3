// @ts-check
// The webcam page before the camera runs: a photo will do instead; the rest is loaded on start.
import { action, found, loadStyles, whenPressed } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { chosenFields, enhance as enhanceOptions } from "../upload/options-form.js";
import { enhance as enhanceQueue } from "../upload/queue.js";

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
  const queue = /** @type {ReturnType<typeof enhanceQueue>} */ (enter());
  addEventListener("entered", enter);
  enhanceOptions(form);
  const photo = /** @type {HTMLInputElement} */ (found(form, "input[type=file]"));
  photo.addEventListener("change", function takePhoto() {
    queue.add([...(photo.files ?? [])]);
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
