// @ts-check
// Languages and options: shown in the summary, remembered in this browser, at most three languages.
import { enhance as enhanceKey } from "../lib/api-key.js";
import { found, make, part } from "../lib/dom.js";
import { recall, remember } from "../lib/storage.js";
import { _, tagOf } from "../lib/words.js";

const MOST_LANGUAGES = 3;
const AUTOMATIC = "auto"; // among the languages: that of each page is found
const MANY_LANGUAGES = 8; // from here on a list wants a search field

/** @param {HTMLFormElement | null} root */
export function enhance(root) {
  if (!root) return;
  root.noValidate = true; // Enter in a field neither sends the form nor asks for a file
  root.addEventListener("submit", (event) => event.preventDefault());
  chooseLanguages(found(root, "#languages"));
  for (const select of root.querySelectorAll("select")) rememberChoice(select);
  enhanceKey(root.querySelector("input#api-key"));
}

/** @param {HTMLElement} root */
function chooseLanguages(root) {
  const boxes = [...root.querySelectorAll("input")].filter((input) => input.type === "checkbox");
  const labels = boxes.map((box) => found(document, `label:has([value="${box.value}"])`));
  const remembered = recall("languages", "")
    .split("+")
    .filter((code) => boxes.some((box) => box.value === code));
  const isAutomatic = boxes.some((box) => box.value === AUTOMATIC && box.checked);
  const own = remembered.length || isAutomatic ? remembered : inBrowserLanguage(boxes);
  if (own.length) for (const box of boxes) box.checked = own.includes(box.value);
  part(root, "list").prepend(...labels.filter((_, at) => boxes[at].checked));
  labels.forEach((label, at) => nameItself(label, boxes[at].value));

  function tell() {
    const chosen = boxes.filter((box) => box.checked);
    for (const box of boxes) box.disabled = !box.checked && chosen.length >= MOST_LANGUAGES;
    const names = chosen.map((box) => box.nextElementSibling?.firstChild?.textContent ?? "");
    part(root, "chosen").textContent = names.join(", ") || _("Usual");
  }
  function choose() {
    tell();
    remember(
      "languages",
      boxes
        .filter((box) => box.checked)
        .map((box) => box.value)
        .join("+"),
    );
  }
  tell();
  root.addEventListener("change", choose);

  const filter = part(root, "filter");
  filter.hidden = boxes.length < MANY_LANGUAGES;
  filter.addEventListener("input", function narrow(event) {
    const wanted = /** @type {HTMLInputElement} */ (event.target).value.trim().toLowerCase();
    labels.forEach((label, at) => {
      const name = (label.textContent ?? "").toLowerCase();
      label.hidden =
        !boxes[at].checked && !name.includes(wanted) && !boxes[at].value.startsWith(wanted);
    });
  });
}

/**
 * Adds what a language calls itself, where the browser knows that.
 * @param {Element} label
 * @param {string} code the engine's
 */
function nameItself(label, code) {
  const lang = tagOf(code);
  if (
    code === AUTOMATIC ||
    code.includes("/") ||
    !Intl.DisplayNames.supportedLocalesOf([lang]).length
  )
    return;
  const name = new Intl.DisplayNames([lang], { type: "language" }).of(lang) ?? "";
  if (!(label.textContent ?? "").includes(name))
    found(label, "span").append(" ", make("span", { class: "aside", lang }, name));
}

/**
 * The installed language that the browser speaks.
 * @param {HTMLInputElement[]} boxes
 */
function inBrowserLanguage(boxes) {
  const spoken = tagOf(navigator.language.split("-")[0]);
  const box = boxes.find(
    ({ value }) => value !== AUTOMATIC && !value.includes("/") && tagOf(value) === spoken,
  );
  return box ? [box.value] : [];
}

/** @param {HTMLSelectElement} select */
function rememberChoice(select) {
  const value = recall(select.name, select.value);
  if ([...select.options].some((option) => option.value === value)) select.value = value;
  select.addEventListener("change", () => remember(select.name, select.value));
}

/**
 * What was chosen, as the fields of a reading.
 * @param {HTMLFormElement} form
 */
export function chosenFields(form) {
  const chosen = new FormData(form);
  const fields = new FormData();
  const languages = chosen.getAll("languages").join("+");
  if (languages) fields.set("languages", languages);
  for (const name of ["layout", "steps", "text_layer", "pages", "codes", "password"]) {
    const value = String(chosen.get(name) ?? "").trim();
    if (value) fields.set(name, value);
  }
  return fields;
}
