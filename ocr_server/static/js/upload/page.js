// @ts-check
// The upload page: files arrive, the queue reads them, the desk shows them.
import { found } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { enhance as enhanceFileInput } from "./file-input.js";
import { chosenFields, enhance as enhanceOptions } from "./options-form.js";
import { enhance as enhanceQueue } from "./queue.js";

/** @param {HTMLFormElement | null} form */
export function enhance(form) {
  const root = document.getElementById("queue");
  if (!form || !root) return;
  const trims = /** @type {HTMLInputElement} */ (found(form, "#trim-first"));
  const join = /** @type {HTMLInputElement} */ (found(form, "#join"));
  const enter = () =>
    form.isConnected &&
    enhanceQueue(root, {
      fields: () => chosenFields(form),
      trims: () => trims.checked,
      maxBytes: Number(form.dataset.maxBytes),
    });
  const queue = /** @type {ReturnType<typeof enhanceQueue>} */ (enter());
  addEventListener("entered", enter);
  enhanceOptions(form);
  enhanceFileInput(form, (files) =>
    queue.add(files, { together: join.checked && files.length > 1 }),
  );

  // Where the page is an app, its worker hands it what is shared with it.
  const install = () => navigator.serviceWorker?.register("worker.js");
  if (matchMedia("(display-mode: standalone)").matches) install();
  addEventListener("appinstalled", install);
  if (location.search === "?shared")
    bring("upload/shared", () => import("./shared.js"))
      .then(({ takeShared }) => takeShared())
      .then((files) => queue.add(files));

  const example = document.getElementById("example");
  example?.addEventListener("click", async function tryExample() {
    const response = await fetch(example.dataset.source ?? "");
    queue.add([new File([await response.blob()], "example.jpg", { type: "image/jpeg" })]);
  });
}

enhance(/** @type {HTMLFormElement | null} */ (document.getElementById("reader")));
