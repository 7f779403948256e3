// @ts-check
// The markup names its parts with data-part and its deeds with data-action; scripts find them here.
// No `enhance`: it is what others do it with.

/**
 * The part of that name, which the markup is sure to have.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} name
 * @returns {T}
 */
export function part(root, name) {
  return found(root, `[data-part="${name}"]`);
}

/**
 * @param {ParentNode} root
 * @param {string} name
 * @returns {HTMLButtonElement}
 */
export function action(root, name) {
  return found(root, `[data-action="${name}"]`);
}

/**
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {T}
 */
export function found(root, selector) {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`The page lacks ${selector}.`);
  return /** @type {T} */ (/** @type {unknown} */ (element));
}

/**
 * A new element with attributes and children.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * Scrolls what lies around an element so that it is seen, but never the page.
 * @param {Element} element
 */
export function reveal(element) {
  for (let frame = element.parentElement; frame && frame !== document.body;) {
    const [outer, inner] = [frame.getBoundingClientRect(), element.getBoundingClientRect()];
    if (frame.scrollHeight > frame.clientHeight && getComputedStyle(frame).overflowY !== "visible")
      frame.scrollTop +=
        Math.min(0, inner.top - outer.top) || Math.max(0, inner.bottom - outer.bottom);
    if (frame.scrollWidth > frame.clientWidth && getComputedStyle(frame).overflowX !== "visible")
      frame.scrollLeft +=
        Math.min(0, inner.left - outer.left) || Math.max(0, inner.right - outer.right);
    frame = frame.parentElement;
  }
}

/**
 * Says something once to those who listen.
 * @param {string} words
 * @param {"status" | "alert"} [where]
 */
export function announce(words, where = "status") {
  const region = document.getElementById(where);
  if (region) region.textContent = words;
}

/**
 * Loads what a button or form does when it is first pressed, then presses it again.
 * @param {HTMLElement} pressed
 * @param {() => Promise<unknown>} load
 */
export function whenPressed(pressed, load) {
  const form = pressed instanceof HTMLFormElement ? pressed : null;
  const kind = form ? "submit" : "click";
  let isComing = false;
  /** @param {Event} event */
  async function press(event) {
    event.preventDefault(); // a form would leave the page
    if (isComing) return;
    isComing = true;
    try {
      await load();
    } finally {
      isComing = false; // offline perhaps, and tried again when it is pressed again
    }
    pressed.removeEventListener(kind, press);
    if (form) form.requestSubmit();
    else pressed.click();
  }
  pressed.addEventListener(kind, press);
}

/** @type {Map<string, Promise<unknown>>} */
const sheets = new Map();

/**
 * Loads one of our stylesheets, once.
 * @param {string} name
 */
export function loadStyles(name) {
  const isThere = document.querySelector(`link[rel="stylesheet"][href$="/${name}.css"]`);
  const coming =
    sheets.get(name) ??
    (isThere && Promise.resolve()) ??
    new Promise(function load(resolve) {
      const link = make("link", {
        rel: "stylesheet",
        href: new URL(`../../css/${name}.css`, import.meta.url).href,
      });
      link.addEventListener("load", resolve);
      link.addEventListener("error", function lack() {
        sheets.delete(name);
        link.remove();
        resolve(undefined);
      });
      document.head.append(link);
    });
  sheets.set(name, coming);
  return coming;
}
