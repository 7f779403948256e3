// @ts-check
// The pages of other files, read and joined to the document on the desk.
import { declarations } from "../lib/declarations.js";
import { readDocument } from "../lib/document-stream.js";
import { action, announce, make, part } from "../lib/dom.js";
import { byName } from "../lib/files.js";
import { asRefusal } from "../lib/http.js";
import { followProgress } from "../lib/progress.js";
import { _ } from "../lib/words.js";
import { join } from "./arranging.js";

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root } = desk;
  const button = action(root, "join");
  const chooser = /** @type {HTMLInputElement} */ (
    make("input", {
      type: "file",
      multiple: "",
      accept: declarations.accepted_files,
    })
  );
  /** @type {{stop: AbortController | null}} */
  const reading = { stop: null };

  /**
   * @param {string} words
   * @param {"status" | "alert"} [where]
   */
  function say(words, where) {
    part(root, "summary").textContent = words;
    if (where) announce(words, where);
  }
  function name() {
    button.title = reading.stop
      ? _("Stop reading the pages to add")
      : _("Add the pages of other files");
    button.setAttribute("aria-label", button.title);
    button.querySelector("use")?.setAttribute("href", reading.stop ? "#icon-close" : "#icon-plus");
  }
  function press() {
    if (reading.stop) reading.stop.abort();
    else if (desk.draft?.fields.get("pages"))
      say(
        _(
          "Some pages of this file were not read, so that none can be added. Read it as a whole first.",
        ),
        "alert",
      );
    else chooser.click();
  }
  async function read() {
    const { draft } = desk;
    const files = [...(chooser.files ?? [])].sort((one, other) =>
      byName.compare(one.name, other.name),
    );
    chooser.value = "";
    if (!draft || !files.length) return;
    const form = draft.formWithPictures(files);
    const { signal } = (reading.stop = new AbortController());
    const progress = followProgress(reading, performance.now(), (_, words) => say(words));
    name();
    try {
      const added = join(
        draft,
        await readDocument(form, { signal, onUpload: progress.upload, onEvent: progress.event }),
        files,
      );
      announce(
        _("{n} page added; undo takes it out again.|{n} pages added; undo takes them out again.", {
          n: added.length,
        }),
      );
      if (desk.draft === draft) desk.showPage(added[0]);
    } catch (error) {
      say(signal.aborted ? _("Nothing was added.") : asRefusal(error).message, "alert");
    } finally {
      progress.end();
      reading.stop = null;
      name();
    }
  }

  button.addEventListener("click", press);
  chooser.addEventListener("change", read);
}
