// @ts-check
// The picture's size on the screen: buttons, keys, wheel and pinch. Scrolling is the browser's own.
import { action, part } from "./parts.js";

const LEAST = 0.05;
const MOST = 8;
const STEP = 1.25;
const MARGIN_PX = 32; // around the paper, so that a page that fits has no scrollbars

/** @param {HTMLElement} root the desk */
export function makeZoom(root) {
  const stage = part(root, "stage");
  const paper = part(root, "paper");
  let width = 1;
  let height = 1;
  let scale = 1;
  /** @type {"width" | "page" | null} */
  let fitting = "width";

  /** Scales so that the point at (x, y) of the window stays where it is. @param {number} wanted @param {{x: number, y: number}} [at] */
  function scaleTo(wanted, at) {
    const frame = stage.getBoundingClientRect();
    const { x, y } = at ?? { x: frame.x + frame.width / 2, y: frame.y + frame.height / 2 };
    const before = paper.getBoundingClientRect();
    const dot = { x: (x - before.x) / scale, y: (y - before.y) / scale };
    scale = Math.min(MOST, Math.max(LEAST, wanted));
    paper.style.setProperty("--s", String(scale));
    part(root, "zoom").textContent = `${Math.round(scale * 100)} %`;
    const after = paper.getBoundingClientRect();
    stage.scrollLeft += after.x + dot.x * scale - x;
    stage.scrollTop += after.y + dot.y * scale - y;
  }
  /** @param {"width" | "page"} how */
  function fit(how) {
    fitting = how;
    const across = (stage.clientWidth - MARGIN_PX) / width;
    const down = (stage.clientHeight - MARGIN_PX) / height;
    if (across > 0) scaleTo(how === "width" ? across : Math.min(across, down));
  }
  /** @param {number} factor @param {{x: number, y: number}} [at] */
  function zoom(factor, at) {
    fitting = null;
    scaleTo(scale * factor, at);
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoom(STEP);
    else if (event.key === "-") zoom(1 / STEP);
    else if (event.key === "0") fit("width");
    else return;
    event.preventDefault();
  }
  /** @param {WheelEvent} event */
  function wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), event);
  }

  action(root, "zoom-in").addEventListener("click", () => zoom(STEP));
  action(root, "zoom-out").addEventListener("click", () => zoom(1 / STEP));
  action(root, "fit-width").addEventListener("click", () => fit("width"));
  action(root, "fit-page").addEventListener("click", () => fit("page"));
  stage.addEventListener("keydown", press);
  stage.addEventListener("wheel", wheel, { passive: false });
  enablePinch(stage, zoom);
  new ResizeObserver(() => fitting && fit(fitting)).observe(stage);

  return {
    /** @param {import("./model.js").Page} page */
    showPage(page) {
      width = page.width_px;
      height = page.height_px;
      paper.style.setProperty("--width", String(width));
      paper.style.setProperty("--height", String(height));
      fit(fitting ?? "width");
    },
    /** Where a point of the window lies on the page. @param {{clientX: number, clientY: number}} event @returns {import("./model.js").Dot} */
    dotAt(event) {
      const frame = paper.getBoundingClientRect();
      return [(event.clientX - frame.x) / scale, (event.clientY - frame.y) / scale];
    },
    /** Scrolls so that a box of the page can be seen. @param {import("./model.js").Box} box */
    reveal([left, top, right, bottom]) {
      const frame = stage.getBoundingClientRect();
      const origin = paper.getBoundingClientRect();
      const x = origin.x + ((left + right) / 2) * scale - frame.x;
      const y = origin.y + ((top + bottom) / 2) * scale - frame.y;
      const hidden = x < 40 || y < 40 || x > frame.width - 40 || y > frame.height - 40;
      if (hidden) stage.scrollBy({ left: x - frame.width / 2, top: y - frame.height / 2 });
    },
  };
}

/** @param {HTMLElement} stage @param {(factor: number, at: {x: number, y: number}) => void} zoom */
function enablePinch(stage, zoom) {
  let apart = 0;
  /** @param {TouchEvent} event */
  function pinch(event) {
    if (event.touches.length !== 2) {
      apart = 0;
      return;
    }
    event.preventDefault();
    const [one, other] = event.touches;
    const now = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    if (apart) zoom(now / apart, { x: (one.clientX + other.clientX) / 2, y: (one.clientY + other.clientY) / 2 });
    apart = now;
  }
  stage.addEventListener("touchmove", pinch, { passive: false });
  stage.addEventListener("touchend", () => (apart = 0));
}
