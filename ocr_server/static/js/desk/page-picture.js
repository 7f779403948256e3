// @ts-check
// The picture of the page that is shown, or why there is none.
import { part } from "../lib/dom.js";
import { pictureOf } from "./page-images.js";

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, picture } = desk;

  /** @param {boolean} isSeen */
  function put(isSeen) {
    part(root, "no-picture").hidden = isSeen;
    part(root, "holder").hidden = !isSeen;
  }
  function lack() {
    part(root, "no-picture").textContent = desk.draft?.files.length
      ? "This browser cannot show this kind of picture; its text is beside it."
      : "The picture was not kept when the page was left; its text is beside it.";
    put(false);
  }
  /**
   * @param {import("./draft.js").Draft} draft
   * @param {import("../lib/model.js").Page} page
   */
  async function show(draft, page) {
    picture.removeAttribute("src");
    picture.alt =
      draft.pages.length > 1
        ? `Page ${page.number}, text in the Text pane`
        : "The picture, its text is in the Text pane";
    desk.view.showPage(page);
    const url = await pictureOf(draft, page.number);
    if (desk.page !== page) return;
    if (!url) return lack();
    picture.src = url;
    put(true);
    desk.view.showPage(page); // which was not laid out while it was hidden
  }

  picture.addEventListener("error", lack);
  return { show };
}
