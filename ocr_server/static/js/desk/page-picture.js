// @ts-check
// The picture of the page that is shown, or why there is none.
import { part } from "../lib/dom.js";
import { _ } from "../lib/words.js";
import { pictureOf } from "./page-images.js";

/** @param {import("./desk.js").Desk} desk */
export function enhance(desk) {
  const { root, picture } = desk;

  /** @param {boolean} isSeen */
  function put(isSeen) {
    part(root, "no-picture").hidden = isSeen;
    part(root, "holder").hidden = !isSeen;
  }
  /** @param {string} words */
  function lack(words) {
    part(root, "no-picture").textContent = words;
    put(false);
  }
  function lackAnswer() {
    lack(
      desk.draft?.files.length
        ? _("The picture of this page did not come; it is asked for again when the server answers.")
        : _("The picture was not kept when the page was left; its text is beside it."),
    );
  }
  /** What the server could not give is asked for again. */
  function askAgain() {
    const { draft, page } = desk;
    if (draft && page && part(root, "holder").hidden) show(draft, page);
  }
  /**
   * @param {import("./draft.js").Draft} draft
   * @param {import("../lib/model.js").Page} page
   */
  async function show(draft, page) {
    picture.removeAttribute("src");
    picture.alt =
      draft.pages.length > 1
        ? _("Page {n}, text in the Text pane", { n: page.number })
        : _("The picture, its text is in the Text pane");
    desk.view.showPage(page);
    const url = await pictureOf(draft, page.number);
    if (desk.page !== page) return undefined;
    if (!url) return lackAnswer();
    picture.src = url;
    put(true);
    return desk.view.showPage(page); // which was not laid out while it was hidden
  }

  picture.addEventListener("error", () =>
    lack(_("This browser cannot show this kind of picture; its text is beside it.")),
  );
  addEventListener("answered", askAgain);
  return { show };
}
