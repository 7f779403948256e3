// @ts-check
// How the picture is seen: its size and which way up, by buttons, keys, wheel and pinch; scrolling
// is the browser's own, or done by hand.
import { action, announce, part } from "../lib/dom.js";
import { _ } from "../lib/words.js";

/**
 * @typedef {import("../lib/geometry.js").Dot} Dot
 * @typedef {{x: number, y: number}} Spot of the window
 */

const LEAST = 0.05;
const MOST = 8;
const STEP = 1.25;
const MARGIN_PX = 32; // around the paper, so that a page that fits has no scrollbars

/** @param {HTMLElement} root the desk */
export function enhance(root) {
  const stage = part(root, "stage");
  const holder = part(root, "holder");
  const paper = part(root, "paper");
  let width = 1;
  let height = 1;
  let scale = 1;
  let quarters = 0; // turned clockwise
  /** @type {"width" | "page" | null} */
  let fitting = "width";

  /**
   * Scales so that a point of the window stays where it is.
   * @param {number} wanted
   * @param {Spot} [at]
   */
  function scaleTo(wanted, at) {
    const frame = stage.getBoundingClientRect();
    const { x, y } = at ?? { x: frame.x + frame.width / 2, y: frame.y + frame.height / 2 };
    const before = holder.getBoundingClientRect();
    const dot = { x: (x - before.x) / scale, y: (y - before.y) / scale };
    scale = Math.min(MOST, Math.max(LEAST, wanted));
    holder.style.setProperty("--s", String(scale));
    part(root, "zoom").textContent = _("{n} %", { n: Math.round(scale * 100) });
    const after = holder.getBoundingClientRect();
    stage.scrollLeft += after.x + dot.x * scale - x;
    stage.scrollTop += after.y + dot.y * scale - y;
  }
  /** @param {"width" | "page"} how */
  function fit(how) {
    fitting = how;
    const [across, down] = quarters % 2 ? [height, width] : [width, height];
    const widest = (stage.clientWidth - MARGIN_PX) / across;
    if (widest > 0)
      scaleTo(how === "width" ? widest : Math.min(widest, (stage.clientHeight - MARGIN_PX) / down));
  }
  /**
   * @param {number} factor
   * @param {Spot} [at]
   */
  function zoom(factor, at) {
    fitting = null;
    scaleTo(scale * factor, at);
  }
  /** @param {number} to */
  function turn(to) {
    quarters = to % 4;
    holder.dataset.turned = String(quarters);
    fit(fitting ?? "width");
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
  function takeHand() {
    const isTaken = stage.toggleAttribute("data-hand");
    action(root, "hand").setAttribute("aria-pressed", String(isTaken));
    announce(isTaken ? _("Dragging moves the picture.") : _("Dragging selects text."));
  }
  /** @param {PointerEvent} event */
  function drag(event) {
    if (stage.hasAttribute("data-hand") && event.buttons === 1)
      stage.scrollBy(-event.movementX, -event.movementY);
  }
  /**
   * Of a turned paper, a point of the paper as a point of its frame, in screen pixels.
   * @param {Dot} dot
   * @returns {Dot}
   */
  function toFrame([x, y]) {
    const [right, bottom] = [width - x, height - y];
    const dot = /** @type {Dot[]} */ ([
      [x, y],
      [bottom, x],
      [right, bottom],
      [y, right],
    ])[quarters];
    return [dot[0] * scale, dot[1] * scale];
  }

  action(root, "zoom-in").addEventListener("click", () => zoom(STEP));
  action(root, "zoom-out").addEventListener("click", () => zoom(1 / STEP));
  action(root, "fit-width").addEventListener("click", () => fit("width"));
  action(root, "fit-page").addEventListener("click", () => fit("page"));
  action(root, "turn").addEventListener("click", () => turn(quarters + 1));
  action(root, "hand").addEventListener("click", takeHand);
  stage.addEventListener("pointermove", drag);
  stage.addEventListener("keydown", press);
  stage.addEventListener("wheel", wheel, { passive: false });
  enablePinch(stage, zoom);
  new ResizeObserver(() => fitting && fit(fitting)).observe(stage);

  return {
    get quarters() {
      return quarters;
    },
    /**
     * @param {import("../lib/model.js").Page} page which is turned so that its lines can be read
     */
    showPage(page) {
      width = page.width_px;
      height = page.height_px;
      holder.style.setProperty("--width", String(width));
      holder.style.setProperty("--height", String(height));
      turn(uprightTurns(page));
      stage.scrollTo(0, 0);
    },
    /**
     * Where a point of the window lies on the page.
     * @param {{clientX: number, clientY: number}} event
     * @returns {Dot}
     */
    dotAt(event) {
      const frame = holder.getBoundingClientRect();
      const [x, y] = [(event.clientX - frame.x) / scale, (event.clientY - frame.y) / scale];
      return /** @type {Dot[]} */ ([
        [x, y],
        [y, height - x],
        [width - x, height - y],
        [width - y, x],
      ])[quarters];
    },
    /**
     * Scrolls so that a box of the page can be seen.
     * @param {import("../lib/geometry.js").Box} box
     */
    reveal([left, top, right, bottom]) {
      const frame = stage.getBoundingClientRect();
      const origin = holder.getBoundingClientRect();
      const [across, down] = toFrame([(left + right) / 2, (top + bottom) / 2]);
      const x = origin.x + across - frame.x;
      const y = origin.y + down - frame.y;
      const hidden = x < 40 || y < 40 || x > frame.width - 40 || y > frame.height - 40;
      if (hidden) stage.scrollBy({ left: x - frame.width / 2, top: y - frame.height / 2 });
    },
  };
}

/**
 * How many quarters a page must be turned for most of its words to stand upright.
 * @param {import("../lib/model.js").Page} page
 */
function uprightTurns(page) {
  const votes = [0, 0, 0, 0];
  for (const {
    quad: [start, end],
    text,
  } of page.zones.flatMap((zone) => zone.lines ?? [])) {
    const angle = Math.atan2(end[1] - start[1], end[0] - start[0]);
    votes[(8 - Math.round((2 * angle) / Math.PI)) % 4] += text.length;
  }
  return votes.indexOf(Math.max(...votes));
}

/**
 * @param {HTMLElement} stage
 * @param {(factor: number, at: Spot) => void} zoom
 */
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
    if (apart)
      zoom(now / apart, {
        x: (one.clientX + other.clientX) / 2,
        y: (one.clientY + other.clientY) / 2,
      });
    apart = now;
  }
  // Safari on a Mac tells of a pinch on the trackpad in its own way.
  let before = 1;
  stage.addEventListener("gesturestart", function begin(event) {
    event.preventDefault();
    before = 1;
  });
  stage.addEventListener("gesturechange", function scale(event) {
    event.preventDefault();
    const { scale: now, clientX: x, clientY: y } = /** @type {any} */ (event);
    zoom(now / before, { x, y });
    before = now;
  });
  stage.addEventListener("touchmove", pinch, { passive: false });
  stage.addEventListener("touchend", () => (apart = 0));
}
