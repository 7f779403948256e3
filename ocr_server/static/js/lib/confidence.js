// @ts-check
// How sure one may be of a word, and from where on a person wants to look at it.
// No `enhance`: it shows nothing.
import { recall, remember } from "./storage.js";

/** @typedef {import("./model.js").Word} Word */

// Thresholds of a word's confidence: up to the first it is doubtful, up to the second unsure.
export const limits = { doubtful: 0.75, unsure: 0.85 };
setDoubt(Number(recall("doubtful", "0.75")));

/**
 * What a person wants to look at; nonsense leaves it as it was.
 * @param {number} doubtful
 */
export function setDoubt(doubtful) {
  if (!(doubtful > 0 && doubtful < 1)) return;
  limits.doubtful = doubtful;
  limits.unsure = Math.min(1, doubtful + 0.1);
  remember("doubtful", String(doubtful));
}

/**
 * @param {Word} word
 * @returns {"checked" | "doubtful" | "unsure" | "sure"}
 */
export function trust(word) {
  if (word.checked) return "checked";
  if (word.confidence <= limits.doubtful) return "doubtful";
  return word.confidence <= limits.unsure ? "unsure" : "sure";
}
