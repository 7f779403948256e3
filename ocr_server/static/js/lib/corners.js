// @ts-check
// Four handles on a still picture: dragged, or moved by arrow keys, under a loupe. In its pixels.
import { found, part } from "./dom.js";

/** @typedef {import("./geometry.js").Dot} Dot */

const STEP_PX = 1;
const LEAP_PX = 10;
const LOUPE = 3; // times larger than the picture on the screen
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {HTMLElement} root the viewfinder
 * @param {HTMLCanvasElement} still
 */
export function enhance(root, still) {
  const host = /** @type {HTMLElement} */ (found(root, ".corners"));
  const svg = /** @type {SVGSVGElement} */ (found(root, ".outline"));
  const loupe = /** @type {HTMLCanvasElement} */ (part(root, "loupe"));
  const handles = [...host.querySelectorAll("button")];
  /** @type {Dot[]} */
  let quad = [];

  function frame() {
    return placeOf(root, still, still.width, still.height);
  }
  function paint() {
    if (host.hidden) return;
    const { x, y, scale } = frame();
    handles.forEach((handle, at) => {
      handle.style.left = `${x + quad[at][0] * scale}px`;
      handle.style.top = `${y + quad[at][1] * scale}px`;
    });
    const around = root.getBoundingClientRect();
    svg.setAttribute("viewBox", `0 0 ${around.width} ${around.height}`);
    drawOutline(
      svg,
      quad.map(([left, top]) => [x + left * scale, y + top * scale]),
    );
  }
  /**
   * What lies under a corner, enlarged, in the half of the viewfinder where the corner is not.
   * @param {number} at
   */
  function magnify(at) {
    const pen = loupe.getContext("2d");
    const [x, y] = quad[at];
    const size = loupe.width / (LOUPE * frame().scale);
    loupe.hidden = false;
    loupe.dataset.side = x < still.width / 2 ? "right" : "left";
    if (!pen) return;
    pen.clearRect(0, 0, loupe.width, loupe.height);
    pen.drawImage(still, x - size / 2, y - size / 2, size, size, 0, 0, loupe.width, loupe.height);
    pen.strokeStyle = "#0b6177";
    pen.lineWidth = 3;
    pen.beginPath();
    pen.arc(loupe.width / 2, loupe.height / 2, 12, 0, 2 * Math.PI);
    pen.stroke();
  }
  /**
   * @param {number} at
   * @param {Dot} to
   */
  function move(at, [x, y]) {
    quad[at] = [Math.min(still.width, Math.max(0, x)), Math.min(still.height, Math.max(0, y))];
    paint();
    magnify(at);
  }

  handles.forEach((handle, at) => {
    handle.addEventListener("keydown", function nudge(event) {
      const by = event.shiftKey ? LEAP_PX : STEP_PX;
      const moves = {
        ArrowLeft: [-by, 0],
        ArrowRight: [by, 0],
        ArrowUp: [0, -by],
        ArrowDown: [0, by],
      };
      const [dx, dy] = moves[/** @type {keyof typeof moves} */ (event.key)] ?? [0, 0];
      if (!dx && !dy) return;
      event.preventDefault();
      move(at, [quad[at][0] + dx, quad[at][1] + dy]);
    });
    handle.addEventListener("focus", () => magnify(at));
    handle.addEventListener("blur", () => (loupe.hidden = true));
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", function drag(event) {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { x, y, scale } = frame();
      const around = root.getBoundingClientRect();
      move(at, [(event.clientX - around.x - x) / scale, (event.clientY - around.y - y) / scale]);
    });
  });
  new ResizeObserver(paint).observe(root);

  return {
    get quad() {
      return quad;
    },
    get isWhole() {
      return quad.every(
        ([x, y]) => (x === 0 || x === still.width) && (y === 0 || y === still.height),
      );
    },
    /** @param {Dot[] | null} found none means the whole picture */
    show(found) {
      const { width, height } = still;
      quad = found
        ? found.map(([x, y]) => [x, y])
        : [
            [0, 0],
            [width, 0],
            [width, height],
            [0, height],
          ];
      host.hidden = false;
      svg.toggleAttribute("hidden", false);
      svg.dataset.sure = "yes";
      paint();
    },
    hide() {
      host.hidden = loupe.hidden = true;
      svg.toggleAttribute("hidden", true);
      svg.replaceChildren();
    },
  };
}

/**
 * Where a picture lies inside an element that letterboxes it, as seen from the viewfinder.
 * @param {HTMLElement} root
 * @param {HTMLElement} element
 * @param {number} width
 * @param {number} height
 */
export function placeOf(root, element, width, height) {
  const box = element.getBoundingClientRect();
  const around = root.getBoundingClientRect();
  const scale = Math.min(box.width / width, box.height / height);
  return {
    scale,
    x: box.x - around.x + (box.width - width * scale) / 2,
    y: box.y - around.y + (box.height - height * scale) / 2,
  };
}

/**
 * Dark under light, so that it shows on anything; what is drawn already is moved.
 * @param {SVGElement} svg
 * @param {number[][]} quad
 */
export function drawOutline(svg, quad) {
  if (!svg.querySelector(".area")) {
    svg.replaceChildren(
      ...["area", "dark", "light"].map((name) => {
        const polygon = document.createElementNS(SVG, "polygon");
        polygon.setAttribute("class", name);
        return polygon;
      }),
    );
  }
  const points = quad.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  for (const polygon of svg.children) polygon.setAttribute("points", points);
}
