// @ts-check
// All documents of this tab in one go: an archive of files, or one PDF.
// No `enhance`: the menu is drawn anew whenever it opens.
import { declarations } from "../lib/declarations.js";
import { announce, make, part } from "../lib/dom.js";
import { asRefusal } from "../lib/http.js";
import { suits } from "../lib/model.js";
import { apart, zipOf } from "../lib/zip.js";
import { _ } from "../lib/words.js";
import { Draft } from "./draft.js";
import { lastFirst, remembered, rendered, save, stem } from "./rendering.js";

const ONE_PDF = "one-pdf";
const WORD_AND_PDF = "docx,pdf";

/**
 * @param {HTMLElement} menu
 * @param {Draft[]} drafts
 */
export function drawExportAll(menu, drafts) {
  const sheet = part(menu, "all-formats");
  const whole = drafts.every(({ share }) => !share);
  const formats = declarations.formats.filter(
    (one) => !one.one_page_each && drafts.every(({ pages }) => suits(pages, one)),
  );
  const choices = [
    { name: WORD_AND_PDF, label: _("Word and PDF"), suffix: "zip" },
    { name: ONE_PDF, label: _("One PDF of all"), suffix: "pdf" },
    ...formats.map(({ name, label }) => ({ name, label, suffix: "zip" })),
  ];

  /**
   * @param {string} format
   * @param {string} label
   */
  async function take(format, label) {
    const told = /** @type {HTMLElement} */ (menu.querySelector("summary"));
    remembered(format);
    menu.removeAttribute("open");
    announce(_("Preparing: {label}.", { label }));
    try {
      if (format === ONE_PDF) {
        told.textContent = _("Preparing …");
        save(await rendered(joined(drafts), "pdf", joined(drafts).pages), "documents.pdf");
      } else save(await archive(format, told), "documents.zip");
      for (const draft of drafts) if (!draft.share) draft.saved = true;
      announce(
        _("{label}: {n} document saved.|{label}: {n} documents saved.", {
          label,
          n: drafts.length,
        }),
      );
    } catch (error) {
      announce(asRefusal(error).message, "alert");
    } finally {
      told.textContent = _("Download all");
    }
  }
  /**
   * @param {string} format or several parted by commas
   * @param {HTMLElement} told
   */
  async function archive(format, told) {
    const files = [];
    for (const [at, draft] of drafts.entries()) {
      told.textContent = _("Preparing {n} of {all}", { n: at + 1, all: drafts.length });
      for (const name of format.split(",")) {
        const suffix = declarations.formats.find((one) => one.name === name)?.suffix ?? name;
        const share = draft.share && ` (${draft.share})`;
        const content = await rendered(draft, name, draft.pages);
        files.push({ name: `${stem(draft.name)}${share}.${suffix}`, content });
      }
    }
    const names = apart(files.map(({ name }) => name));
    return zipOf(files.map(({ content }, at) => ({ name: names[at], content })));
  }

  sheet.replaceChildren(
    ...(whole ? [] : [make("p", { class: "hint" }, _("Not all pages are read yet."))]),
    ...lastFirst(choices).map(function entry({ name, label, suffix }) {
      const button = make(
        "button",
        { type: "button", "data-all": name },
        label,
        make("span", { class: "aside" }, suffix),
      );
      button.addEventListener("click", () => take(name, label));
      return button;
    }),
  );
  sheet.querySelector("button")?.focus();
}

/**
 * One document of several, its pages counted through all files.
 * @param {Draft[]} drafts
 */
function joined(drafts) {
  const all = new Draft(
    "documents",
    drafts.flatMap(({ files }) => files),
  );
  let before = 0;
  for (const draft of drafts) {
    const { pages } = draft;
    all.document.pages.push(...pages.map((page) => ({ ...page, number: before + page.number })));
    all.document.engine ??= draft.document.engine;
    before += Math.max(draft.sheets, draft.total);
  }
  return all;
}
