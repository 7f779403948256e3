// @ts-check
// Pure. Numbers in plain words: sizes, times.

import { _, written } from "./words.js";

const KIB = 1024; // as the server counts its limits

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < KIB) return _("{n} byte|{n} bytes", { n: bytes });
  const [value, unit] = bytes < KIB ** 2 ? [bytes / KIB, "KiB"] : [bytes / KIB ** 2, "MiB"];
  const isWhole = value >= 10 || Number.isInteger(Number(value.toFixed(1)));
  return `${written(value, isWhole ? 0 : 1)} ${unit}`;
}

/**
 * Why nothing was sent.
 * @param {number} bytes
 * @param {number} most
 */
export function tooLarge(bytes, most) {
  return _("That is {size}; the limit is {limit}. Send less at once, or a smaller picture.", {
    size: size(bytes),
    limit: size(most),
  });
}

/** @param {number} ms */
export function seconds(ms) {
  return _("{seconds} s", { seconds: written(ms / 1000, ms < 9950 ? 1 : 0) });
}
