// @ts-check
// Pure. Numbers in plain words: counts, sizes, times.

const KIB = 1024; // as the server counts its limits

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < KIB) return counted(bytes, "byte");
  const [value, unit] = bytes < KIB ** 2 ? [bytes / KIB, "KiB"] : [bytes / KIB ** 2, "MiB"];
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${unit}`;
}

/**
 * Why nothing was sent.
 * @param {number} bytes
 * @param {number} most
 */
export function tooLarge(bytes, most) {
  return `That is ${size(bytes)}; the limit is ${size(most)}. Send less at once, or a smaller picture.`;
}

/** @param {number} ms */
export function seconds(ms) {
  return `${ms < 9950 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
}
