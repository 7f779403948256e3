// @ts-check
// A rectangle over a picture: drawn with the pointer, or put where one clicks; arrow keys move it,
// with Shift they size it.
import { found } from "./dom.js";

/**
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Dot} Dot
 */

const STEP = 0.02; // of the picture's width
const CLICK_PX = 4; // of the screen: who moves no further clicks

/**
 * @param {HTMLElement} host over the picture, with a button that is the rectangle
 * @param {{size: () => [number, number], dotAt: (event: PointerEvent) => Dot, put: (box: Box) =>
 *   void, onDrawn: () => void, onPlaced?: () => void, quarters?: () => number}} how all in pixels
 *   of the picture, which may be turned by quarters; Enter says too that it is drawn
 */
export function enhance(
  host,
  { size, dotAt, put, onDrawn, onPlaced = () => {}, quarters = () => 0 },
) {
  const frame = /** @type {HTMLButtonElement} */ (found(host, "button"));
  /** @type {Box} */
  let box = [0, 0, 0, 0];
  /** @type {{dot: Dot, x: number, y: number, isClick: boolean} | null} */
  let from = null;

  /** @param {number[]} sides */
  function set([left, top, right, bottom]) {
    const [width, height] = size();
    const inside = (/** @type {number} */ value, /** @type {number} */ most) =>
      Math.min(most, Math.max(0, value));
    box = [
      inside(Math.min(left, right), width),
      inside(Math.min(top, bottom), height),
      inside(Math.max(left, right), width),
      inside(Math.max(top, bottom), height),
    ];
    put(box);
  }
  /**
   * As large as it is, around a point.
   * @param {Dot} middle
   */
  function place(middle) {
    const [across, down] = [box[2] - box[0], box[3] - box[1]];
    const [left, top] = [across, down].map((length, at) =>
      Math.min(size()[at] - length, Math.max(0, middle[at] - length / 2)),
    );
    set([left, top, left + across, top + down]);
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    const step = STEP * size()[0];
    const moves = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (!move) return;
    event.preventDefault();
    const [x, y] = move;
    const turned = quarters();
    const by = [
      [x, y],
      [y, -x],
      [-x, -y],
      [-y, x],
    ][turned];
    const edge = (x ? [2, 1, 0, 3] : [3, 2, 1, 0])[turned]; // that is seen to the right, or below
    set(box.map((side, at) => (event.shiftKey && at !== edge ? side : side + by[at % 2])));
  }

  frame.addEventListener("keydown", press);
  frame.addEventListener("click", (event) => event.detail === 0 && onDrawn());
  host.addEventListener("pointerdown", function begin(event) {
    event.preventDefault();
    from = { dot: dotAt(event), x: event.clientX, y: event.clientY, isClick: true };
    host.setPointerCapture(event.pointerId);
  });
  host.addEventListener("pointermove", function draw(event) {
    if (!from) return;
    from.isClick &&= Math.hypot(event.clientX - from.x, event.clientY - from.y) < CLICK_PX;
    if (!from.isClick) set([...from.dot, ...dotAt(event)]);
  });
  host.addEventListener("pointerup", function end(event) {
    if (!from) return;
    const { isClick } = from;
    from = null;
    if (isClick) place(dotAt(event));
    if (isClick) onPlaced();
    else onDrawn();
  });
  return {
    frame,
    set,
    get box() {
      return box;
    },
  };
}
