// @ts-check
// The menu of what can be taken away: the document in any format, corrections in all of them.
// No `enhance`: the menu is drawn anew whenever it opens.
import { declarations } from "../lib/declarations.js";
import { announce, found, make, part } from "../lib/dom.js";
import { pagesText, suits } from "../lib/model.js";
import { _ } from "../lib/words.js";
import { joinLines } from "./line-join.js";
import { lastFirst, remembered, rendered, save, stem } from "./rendering.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./draft.js").Draft} Draft
 * @typedef {import("../lib/declarations.js").Format} Format
 */

/**
 * @param {Desk} desk
 * @param {(text: string) => void} copyText
 */
export function drawExportMenu(desk, copyText) {
  const { root, draft, page } = desk;
  const sheet = part(root, "formats");
  if (!draft || !page) return;
  const formats = lastFirst(
    declarations.formats.filter(
      (one) => (draft.files.length || !one.shows_pictures) && suits(draft.pages, one),
    ),
  );
  const several = draft.pages.length > 1;
  const pageNumber = draft.pages.indexOf(page) + 1;
  const which = /** @type {HTMLSelectElement} */ (
    make(
      "select",
      { "aria-label": _("Pages to take") },
      make("option", {}, _("All pages")),
      make("option", {}, _("Page {n} only", { n: pageNumber })),
      make("option", {}, _("Some pages")),
    )
  );
  const range = /** @type {HTMLInputElement} */ (
    make("input", {
      "aria-label": _("Numbers of the pages, such as 1-3,7"),
      placeholder: "1-3,7",
      autocomplete: "off",
      hidden: "",
    })
  );
  const title = /** @type {HTMLInputElement} */ (
    make("input", {
      "aria-label": _("Name of the file"),
      value: stem(draft.name),
      autocomplete: "off",
    })
  );
  const chosen = [
    () => draft.pages,
    () => [page],
    () => draft.pages.filter((_, at) => isNamed(range.value, at + 1)),
  ];
  const pages = () => chosen[which.selectedIndex]();
  /** Names of the formats that the chosen pages can have. */
  const all = () =>
    formats
      .filter((one) => one.name !== "audio" && suits(pages(), one)) // a long text cannot be spoken
      .map(({ name }) => name);

  /**
   * @param {string} words
   * @param {() => void} act
   * @param {string} [aside]
   * @param {{name: string, for_programs?: boolean}} [format]
   */
  function entry(words, act, aside = "", format = undefined) {
    const button = make(
      "button",
      {
        type: "button",
        ...(format && { "data-format": format.name }),
        ...(format?.for_programs && { "data-minor": "" }),
      },
      words,
      make("span", { class: "aside" }, aside),
    );
    button.addEventListener("click", () =>
      pages().length
        ? act()
        : complain(_("This document has no page of these numbers. Write them like 1-3,7.")),
    );
    return button;
  }
  /** @param {string} words */
  function complain(words) {
    sheet.querySelector(".hint")?.remove();
    sheet.prepend(make("p", { class: "hint" }, words));
    announce(words, "alert");
  }
  /** @param {Format} format */
  function downloadFormat({ name, label, suffix, one_page_each: isPageEach }) {
    // A file for each page is an archive, with the places of the words beside the pictures.
    if (isPageEach && pages().length > 1) download(`${name},json`, "zip", label);
    else download(name, suffix, label);
  }
  /**
   * @param {string} name of the format, or several parted by commas
   * @param {string} suffix
   * @param {string} label
   */
  async function download(name, suffix, label) {
    if (!draft) return;
    part(root, "downloads").removeAttribute("open");
    const only =
      pages().length < draft.pages.length
        ? [
            "",
            ` ${_("page {n}", { n: pageNumber })}`,
            ` ${_("pages {numbers}", { numbers: range.value.replace(/[^\d,-]/g, "") })}`,
          ][which.selectedIndex]
        : "";
    const share = which.selectedIndex ? "" : draft.share;
    const fullName = `${title.value.trim() || stem(draft.name)}${share && ` (${share})`}${only}`;
    remembered(name);
    const told = found(root, "[data-part=downloads] summary span");
    told.textContent = _("Preparing …");
    announce(_("Preparing: {label}.", { label }));
    try {
      save(await rendered(draft, name, pages()), `${fullName}.${suffix}`);
      if (!only && !share) draft.saved = true;
      announce(
        share ? _("{label} saved: {share}.", { label, share }) : _("{label} saved.", { label }),
      );
    } catch (error) {
      part(root, "downloads").setAttribute("open", "");
      complain(/** @type {Error} */ (error).message);
      found(sheet, "button, select").focus();
    } finally {
      told.textContent = _("Download");
    }
  }
  sheet.replaceChildren(
    ...(draft.share
      ? [make("p", { class: "hint" }, _("Read so far: {share}.", { share: draft.share }))]
      : []),
    title,
    ...(several ? [which, range] : []),
    ...(several ? [entry(_("Copy these pages"), () => copyText(pagesText(pages())))] : []),
    entry(_("Copy without line breaks"), () => copyText(pagesText(pages(), joinLines))),
    ...formats.map((format) =>
      entry(format.label, () => downloadFormat(format), format.suffix, format),
    ),
    entry(_("All of these"), () => download(all().join(), "zip", _("All")), "zip", { name: "all" }),
  );
  which.addEventListener("change", function ask() {
    range.hidden = which.selectedIndex < 2;
    if (!range.hidden) range.focus();
  });
  found(sheet, "button, select").focus();
}

/**
 * Whether a page is among numbers and ranges such as 1-3,7.
 * @param {string} text
 * @param {number} number
 */
function isNamed(text, number) {
  return text.split(",").some(function has(part) {
    const [first, last = first] = part.split("-").map(Number);
    return first <= number && number <= last;
  });
}
