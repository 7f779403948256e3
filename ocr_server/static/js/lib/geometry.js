// @ts-check
// Pure. Points, boxes and quads, in whatever pixels they are given.

/**
 * @typedef {[number, number, number, number]} Box left, top, right, bottom
 * @typedef {[number, number]} Dot
 */

/**
 * @param {Dot} one
 * @param {Dot} other
 */
export function distance(one, other) {
  return Math.hypot(other[0] - one[0], other[1] - one[1]);
}

/**
 * Whether a dot lies in a quad.
 * @param {Dot[]} quad
 * @param {Dot} dot
 */
export function inside(quad, [x, y]) {
  let sign = 0;
  return quad.every(([left, top], at) => {
    const [right, bottom] = quad[(at + 1) % quad.length];
    const side = Math.sign((right - left) * (y - top) - (bottom - top) * (x - left));
    if (side && sign && side !== sign) return false;
    sign = side || sign;
    return true;
  });
}

/**
 * The shoelace formula.
 * @param {Dot[]} quad
 */
export function area(quad) {
  return (
    Math.abs(
      quad.reduce(
        (sum, [x, y], at) => sum + x * quad[(at + 1) % 4][1] - quad[(at + 1) % 4][0] * y,
        0,
      ),
    ) / 2
  );
}
