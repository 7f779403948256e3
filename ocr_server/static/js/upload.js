// @ts-check
// The upload page: files arrive, the queue reads them, the desk shows them.
import { enhance as enhanceArriving } from "./arriving.js";
import { chosenFields, enhance as enhanceChoosing } from "./choosing.js";
import { enhance as enhanceDesk } from "./desk.js";
import { found } from "./parts.js";
import { makeQueue } from "./queue.js";

/** @param {HTMLFormElement | null} form */
export function enhance(form) {
  const desk = enhanceDesk(document.getElementById("desk"));
  const root = document.getElementById("queue");
  if (!form || !desk || !root) return;
  const queue = makeQueue(root, { fields: () => chosenFields(form), maxBytes: Number(form.dataset.maxBytes), desk });
  enhanceChoosing(form);
  const join = /** @type {HTMLInputElement} */ (found(form, "#join"));
  enhanceArriving(form, (files) => queue.add(files, { together: join.checked && files.length > 1 }));
  form.addEventListener("submit", (event) => event.preventDefault());

  const example = document.getElementById("example");
  example?.addEventListener("click", async function tryExample() {
    const response = await fetch(example.dataset.source ?? "");
    queue.add([new File([await response.blob()], "example.jpg", { type: "image/jpeg" })]);
  });
}

enhance(/** @type {HTMLFormElement | null} */ (document.getElementById("reader")));
