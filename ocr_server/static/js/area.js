// @ts-check
// A rectangle on the picture that is read again: drawn with the pointer, or moved and sized by keys.
import { action, announce, found, part } from "./parts.js";
import { readDocument, Refusal } from "./sending.js";

/** @typedef {import("./model.js").Box} Box @typedef {import("./model.js").Page} Page @typedef {import("./draft.js").Draft} Draft */

const LEAST_PX = 6; // of the page; a smaller rectangle is a slip of the hand
const STEP = 0.02; // of the page's width

/**
 * @param {HTMLElement} root the desk
 * @param {{current: () => {draft: Draft, page: Page} | null, dotAt: (event: {clientX: number, clientY: number}) => import("./model.js").Dot, reveal: (box: Box) => void}} how
 */
export function makeArea(root, { current, dotAt, reveal }) {
  const button = action(root, "area");
  const host = part(root, "marking");
  const frame = /** @type {HTMLButtonElement} */ (found(host, "button"));
  /** @type {Box} */
  let box = [0, 0, 0, 0];
  /** @type {import("./model.js").Dot | null} */
  let from = null;

  /** @param {Box} next */
  function put(next) {
    const page = current()?.page;
    if (!page) return;
    const [left, top, right, bottom] = next;
    const inside = (/** @type {number} */ value, /** @type {number} */ most) => Math.min(most, Math.max(0, value));
    box = [inside(Math.min(left, right), page.width_px), inside(Math.min(top, bottom), page.height_px), inside(Math.max(left, right), page.width_px), inside(Math.max(top, bottom), page.height_px)];
    const sides = { left: box[0], top: box[1], width: box[2] - box[0], height: box[3] - box[1] };
    for (const [name, px] of Object.entries(sides)) frame.style.setProperty(name, `calc(var(--s) * ${px}px)`);
  }
  function stop() {
    host.hidden = true;
    from = null;
    button.setAttribute("aria-pressed", "false");
  }
  function start() {
    const shown = current();
    if (!shown) return;
    const { width_px: width, height_px: height } = shown.page;
    host.hidden = false;
    button.setAttribute("aria-pressed", "true");
    put([width * 0.1, height * 0.4, width * 0.9, height * 0.6]);
    reveal(box);
    frame.focus({ preventScroll: true });
    announce("Draw a rectangle, or move this one with the arrow keys and size it with Shift. Enter reads it.");
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    const by = STEP * (current()?.page.width_px ?? 0);
    const moves = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (event.key === "Escape") {
      stop();
      button.focus();
    }
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const [dx, dy] = move;
    put(event.shiftKey ? [box[0], box[1], box[2] + dx, box[3] + dy] : [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy]);
    reveal(box);
  }
  async function read() {
    const shown = current();
    if (!shown || box[2] - box[0] < LEAST_PX || box[3] - box[1] < LEAST_PX) return;
    const { draft, page } = shown;
    frame.setAttribute("aria-busy", "true");
    announce("Reading the area.");
    try {
      const form = new FormData();
      for (const file of draft.files) form.append("file", file, file.name);
      for (const [name, value] of draft.fields) form.set(name, value);
      if (draft.password) form.set("password", draft.password);
      form.set("pages", String(page.number));
      form.set("zones", JSON.stringify([{ box: box.map(Math.round) }]));
      const answer = await readDocument(form, { signal: new AbortController().signal });
      const count = draft.replaceInside(page, box, answer.pages[0].zones.flatMap((zone) => zone.lines ?? []));
      announce(count ? `${count} words were read in the area.` : "No text was found in the area; what stood there was kept.");
      stop();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      announce(error.message, "alert");
    } finally {
      frame.removeAttribute("aria-busy");
    }
  }

  button.addEventListener("click", () => (host.hidden ? start() : stop()));
  frame.addEventListener("keydown", press);
  frame.addEventListener("click", (event) => event.detail === 0 && read());
  host.addEventListener("pointerdown", function begin(event) {
    event.preventDefault();
    from = dotAt(event);
    host.setPointerCapture(event.pointerId);
  });
  host.addEventListener("pointermove", (event) => from && put([...from, ...dotAt(event)]));
  host.addEventListener("pointerup", function end(event) {
    if (!from) return;
    put([...from, ...dotAt(event)]);
    from = null;
    read();
  });
  return { stop };
}
