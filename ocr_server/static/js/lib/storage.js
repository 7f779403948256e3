// @ts-check
// What the browser remembers of a person's choices: never a picture, never a text.
// No `enhance`: it shows nothing.

/**
 * @param {string} name
 * @param {string} otherwise
 */
export function recall(name, otherwise) {
  try {
    return localStorage.getItem(name) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is switched off or full: the choice holds for this page only.
  }
}
