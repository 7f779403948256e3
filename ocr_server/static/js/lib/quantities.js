// @ts-check
// Numbers and states in plain words.
import { placesOf, trust } from "./model.js";

const KIB = 1024; // as the server counts its limits

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < KIB) return counted(bytes, "byte");
  const [value, unit] = bytes < KIB ** 2 ? [bytes / KIB, "KB"] : [bytes / KIB ** 2, "MB"];
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${unit}`;
}

/** Why nothing was sent. @param {number} bytes @param {number} most */
export function tooLarge(bytes, most) {
  return `That is ${size(bytes)}; the limit is ${size(most)}. Send less at once, or a smaller picture.`;
}

/** @param {number} ms */
export function seconds(ms) {
  return `${ms < 9950 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
}

/** @param {import("./model.js").OcrDocument} document @param {number} [ms] */
export function summary(document, ms) {
  const words = document.pages.flatMap(placesOf).map((place) => place.word);
  const doubtful = words.filter((word) => trust(word) === "doubtful").length;
  const said = [counted(document.pages.length, "page"), counted(words.length, "word")];
  if (doubtful) said.push(`${counted(doubtful, "doubtful", "doubtful")}`);
  if (ms) said.push(seconds(ms));
  return said.join(", ");
}

// Stages that look at the picture; those after the first reading look at its words.
const PICTURE_STAGES = new Set(["polarity", "orientation", "rectify", "flatten", "deskew", "scale", "rules"]);

// These are the reading itself.
const NEEDED_STAGES = new Set(["read", "recipe", "text layer"]);

/** What was done to a page, what was left out as somebody asked, and what was found to be fine with the picture. @param {import("./model.js").Page} page */
export function deeds(page) {
  const stages = page.stages ?? [];
  const without = leftOut(page);
  const did = stages.filter((stage) => stage.did).map((stage) => ({ name: NEEDED_STAGES.has(stage.name) ? "" : stage.name, words: stage.found ? `${stage.did} (${stage.found})` : stage.did, ms: stage.ms }));
  return { did, without, fine: stages.filter((stage) => !stage.did && stage.found && PICTURE_STAGES.has(stage.name) && !without.includes(stage.name)).map((stage) => stage.found) };
}

/** The stages that a page was read without. @param {import("./model.js").Page} page */
export function leftOut(page) {
  return (page.stages ?? []).filter((stage) => stage.found === "left out, as asked").map((stage) => stage.name);
}
