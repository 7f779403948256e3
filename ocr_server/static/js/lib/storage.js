// @ts-check
// What the browser remembers of a person's choices, or a tab of what it is doing: never a picture,
// and no text but words that always.js corrects.
// No `enhance`: it shows nothing.

/** @typedef {"localStorage" | "sessionStorage"} Area of the browser, or of this tab alone */

/**
 * @param {string} name
 * @param {string} otherwise
 * @param {Area} [area]
 */
export function recall(name, otherwise, area = "localStorage") {
  try {
    return window[area].getItem(name) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} name
 * @param {string} value
 * @param {Area} [area]
 */
export function remember(name, value, area = "localStorage") {
  try {
    window[area].setItem(name, value);
  } catch {
    // Storage is switched off or full: the choice holds for this page only.
  }
}
