// @ts-check
// What a person takes away: the text on the clipboard, the document in any format, corrections in all.
import { announce, action, make, part } from "./parts.js";
import { post } from "./sending.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {{name: string, suffix: string, words?: string}} Format */

const WORDS = { text: "Text", pdf: "Searchable PDF", docx: "Word document", markdown: "Markdown", hocr: "hOCR", alto: "ALTO", tsv: "Table of words", json: "JSON", png: "Picture with boxes" };

/** @param {HTMLElement} root @param {() => Draft | null} current */
export function makeTaking(root, current) {
  const menu = /** @type {HTMLDetailsElement} */ (part(root, "downloads"));
  const copy = action(root, "copy");
  const label = /** @type {HTMLElement} */ (copy.querySelector("span"));

  /** @param {(text: string) => string} shape */
  async function copyText(shape) {
    const draft = current();
    if (!draft) return;
    try {
      await navigator.clipboard.writeText(shape(draft.text));
    } catch {
      announce("The browser did not allow copying. Select the text and copy it yourself.", "alert");
      return;
    }
    label.textContent = "Copied";
    announce("The text is on the clipboard.");
    setTimeout(() => (label.textContent = "Copy text"), 2000);
  }

  /** @param {Format} format */
  async function take(format) {
    const draft = current();
    if (!draft) return;
    menu.open = false;
    try {
      save(await rendered(draft, format.name), `${stem(draft.name)}.${format.suffix}`);
      draft.saved = true;
      announce(`${WORDS[/** @type {keyof typeof WORDS} */ (format.name)] ?? format.name} saved.`);
    } catch (error) {
      const notice = make("p", { class: "hint" }, /** @type {Error} */ (error).message);
      part(root, "formats").append(notice);
      menu.open = true;
      announce(notice.textContent ?? "", "alert");
    }
  }

  /** @param {Format[]} formats */
  function offer(formats) {
    const joined = make("button", { type: "button", "data-action": "copy-joined" }, "Copy without line breaks");
    joined.addEventListener("click", () => copyText(joinLines));
    part(root, "formats").replaceChildren(
      joined,
      ...formats.map((format) => {
        const words = WORDS[/** @type {keyof typeof WORDS} */ (format.name)] ?? format.name;
        const button = make("button", { type: "button", "data-format": format.name }, words, make("span", { class: "aside" }, format.suffix));
        button.addEventListener("click", () => take(format));
        return button;
      }),
    );
  }

  copy.addEventListener("click", () => copyText((text) => text));
  listFormats().then(offer);
}

/** One line for each paragraph; a hyphen at a line's end joins a word. @param {string} text */
export function joinLines(text) {
  return text.split(/\n{2,}/).map((paragraph) => paragraph.replace(/(\p{Ll})-\n(?=\p{Ll})/gu, "$1").replace(/\n/g, " ")).join("\n\n");
}

/** The formats this page can make itself, then what the server renders. @returns {Promise<Format[]>} */
async function listFormats() {
  const own = [{ name: "text", suffix: "txt" }, { name: "json", suffix: "json" }];
  try {
    const [answer, api] = await Promise.all(["/v1/formats", "/openapi.json"].map(async (path) => (await fetch(path)).json()));
    if (!api.paths["/v1/render"]) return own;
    const order = Object.keys(WORDS);
    return answer.formats
      .filter((/** @type {Format} */ format) => order.includes(format.name))
      .sort((/** @type {Format} */ one, /** @type {Format} */ other) => order.indexOf(one.name) - order.indexOf(other.name));
  } catch {
    return own;
  }
}

/** @param {Draft} draft @param {string} format */
async function rendered(draft, format) {
  if (format === "text") return new Blob([`${draft.text}\n`], { type: "text/plain" });
  const json = new Blob([JSON.stringify(draft)], { type: "application/json" });
  if (format === "json") return json;
  const form = new FormData();
  form.set("document", json, "document.json");
  for (const file of draft.files) form.append("file", file, file.name);
  form.set("format", format);
  if (draft.password) form.set("password", draft.password);
  return (await post("/v1/render", form)).blob();
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = /** @type {HTMLAnchorElement} */ (make("a", { download: name }));
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {string} name */
function stem(name) {
  return name.replace(/\.[^.]{1,5}$/, "") || "text";
}
