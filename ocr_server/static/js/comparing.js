// @ts-check
// Before and after: the picture as it was made ready for reading, point for point over the original; a slider
// says how much of each is seen.
import { action, announce, found, part } from "./parts.js";
import { preparedPictureOf } from "./pictures.js";
import { leftOut } from "./wording.js";

/** @param {import("./desk.js").Desk} desk */
export function makeComparing(desk) {
  const { root } = desk;
  const button = action(root, "compare");
  const bar = part(root, "comparing");
  const slider = /** @type {HTMLInputElement} */ (found(bar, "input"));
  const picture = /** @type {HTMLImageElement} */ (part(root, "prepared"));

  function slide() {
    picture.style.clipPath = `inset(0 0 0 ${slider.value}%)`;
    slider.setAttribute("aria-valuetext", `${slider.value} % original`);
  }
  function stop() {
    button.setAttribute("aria-pressed", "false");
    bar.hidden = picture.hidden = true;
    if (picture.src) URL.revokeObjectURL(picture.src);
    picture.removeAttribute("src");
  }
  async function toggle() {
    const { draft, page } = desk;
    if (button.getAttribute("aria-pressed") === "true" || !draft || !page) return stop();
    button.setAttribute("aria-pressed", "true");
    announce("Drawing the picture as it was read.");
    const url = await preparedPictureOf(draft, page.number, leftOut(page).join());
    if (desk.page !== page || button.getAttribute("aria-pressed") !== "true") return undefined;
    if (!url) {
      announce("The picture could not be drawn.", "alert");
      return stop();
    }
    picture.src = url;
    bar.hidden = picture.hidden = false;
    slide();
    slider.focus();
    return undefined;
  }

  button.addEventListener("click", toggle);
  slider.addEventListener("input", slide);
  root.addEventListener("turned", stop);
}
