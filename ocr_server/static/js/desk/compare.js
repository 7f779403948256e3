// @ts-check
// Before and after: the picture as it was made ready for reading, point for point over the
// original; a slider says how much of each is seen, and a choice after which of the steps.
import { action, announce, found, make, part } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import { preparedPictureOf } from "./page-images.js";
import { skippedStages, stepsBeforeReading } from "./stages.js";

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root } = desk;
  const button = action(root, "compare");
  const bar = part(root, "comparing");
  const slider = /** @type {HTMLInputElement} */ (found(bar, "input"));
  const after = /** @type {HTMLSelectElement} */ (found(bar, "select"));
  const picture = /** @type {HTMLImageElement} */ (part(root, "prepared"));

  /** The original is seen to the left, whichever edge of a turned picture that is. */
  function slide() {
    const insets = ["0px", "0px", "0px", "0px"]; // from the top, clockwise
    insets[3 - desk.view.quarters] = `${slider.value}%`;
    picture.style.clipPath = `inset(${insets.join(" ")})`;
    slider.setAttribute("aria-valuetext", _("{n} % original", { n: Number(slider.value) }));
  }
  function stop() {
    button.setAttribute("aria-pressed", "false");
    bar.hidden = picture.hidden = true;
    put("");
  }
  /** @param {string} url */
  function put(url) {
    if (picture.src) URL.revokeObjectURL(picture.src);
    if (url) picture.src = url;
    else picture.removeAttribute("src");
  }
  async function draw() {
    const { draft, page } = desk;
    const wanted = after.value;
    if (!draft || !page) return false;
    announce(_("Drawing the picture as it was read."));
    const url = await preparedPictureOf(draft, page.number, wanted);
    if (
      desk.page !== page ||
      after.value !== wanted ||
      button.getAttribute("aria-pressed") !== "true"
    ) {
      if (url) URL.revokeObjectURL(url);
      return false;
    }
    if (!url) {
      announce(_("The picture could not be drawn."), "alert");
      stop();
      return false;
    }
    put(url);
    bar.hidden = picture.hidden = false;
    slide();
    return true;
  }
  async function toggle() {
    const { draft, page } = desk;
    if (button.getAttribute("aria-pressed") === "true" || !draft || !page) return stop();
    button.setAttribute("aria-pressed", "true");
    const steps = (draft.fields.get("steps") ?? "auto") === "auto" ? stepsBeforeReading(page) : [];
    after.replaceChildren(
      make("option", { value: skippedStages(page).join() }, _("As it was read")),
      ...steps.map(({ words, without }) => make("option", { value: without }, words)),
    );
    if (await draw()) slider.focus();
    return undefined;
  }

  button.addEventListener("click", toggle);
  slider.addEventListener("input", slide);
  action(root, "turn").addEventListener("click", slide);
  after.addEventListener("change", draw);
  root.addEventListener("turned", stop);
}
