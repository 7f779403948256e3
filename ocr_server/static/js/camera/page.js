// @ts-check
// The webcam page before the camera runs: a photo will do instead; the rest is loaded on start.
import { chosenFields, enhance as enhanceChoosing } from "../upload/options-form.js";
import { action, found, loadStyles, whenPressed } from "../lib/dom.js";
import { makeQueue } from "../upload/queue.js";

/** @param {HTMLElement | null} root */
export function enhance(root) {
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("reader"));
  const files = document.getElementById("queue");
  if (!root || !form || !files) return;
  const queue = makeQueue(files, { fields: () => chosenFields(form), maxBytes: Number(form.dataset.maxBytes) });
  enhanceChoosing(form);
  const photo = /** @type {HTMLInputElement} */ (found(form, "input[type=file]"));
  photo.addEventListener("change", function takePhoto() {
    queue.add([...(photo.files ?? [])]);
    photo.value = "";
  });
  whenPressed(action(root, "start"), async function load() {
    const [{ makeFinder }] = await Promise.all([import("./viewfinder.js"), loadStyles("live"), loadStyles("corners")]);
    makeFinder(root, form, queue);
  });
}

enhance(document.getElementById("camera"));
