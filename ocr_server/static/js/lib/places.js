// @ts-check
// Upload, Webcam, API and About change places without a new load, so that what is read goes on and
// what lies on the desk stays there.
import { announce, found, loadStyles } from "./dom.js";

/**
 * What stands at an address: a part of the main part that works, or one that stands in its place.
 * @typedef {{title: string, part: HTMLElement, isAlone: boolean, script: string}} Place
 */

/** @param {HTMLElement | null} root the main part that works */
export function enhance(root) {
  const first = /** @type {HTMLElement | null} */ (root?.querySelector("#place"));
  if (!root || !first) return; // nothing that could be lost
  const main = root;
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (
    document.querySelectorAll("header.site nav a")
  );
  /** @type {Map<string, Place>} */
  const places = new Map();
  let shown = first;
  /** @type {HTMLElement | null} */
  let alone = null;
  let wanted = location.pathname;

  /**
   * @param {string} path
   * @returns {Promise<Place>}
   */
  async function fetched(path) {
    const response = await fetch(path, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const sheets = [...page.querySelectorAll("link[rel=stylesheet]")].map((link) =>
      (link.getAttribute("href") ?? "").replace(/^.*\/|\.css$/g, ""),
    );
    await Promise.all(sheets.map(loadStyles));
    const place = /** @type {HTMLElement | null} */ (page.querySelector("#place"));
    return {
      title: page.title,
      part: document.adoptNode(place ?? found(page, "main")),
      isAlone: !place,
      script: place?.dataset.script ?? "",
    };
  }
  /** @param {Place} place */
  async function show({ title, part, isAlone, script }) {
    document.title = title;
    alone?.remove();
    alone = null;
    main.hidden = isAlone;
    main.id = isAlone ? "" : "main";
    if (isAlone) {
      alone = part;
      main.after(part);
    } else if (part !== shown) {
      shown.replaceWith(part);
      shown = part;
      await import(new URL(script, document.baseURI).href);
      dispatchEvent(new Event("entered"));
    }
    for (const link of links)
      if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    scrollTo(0, 0);
    (alone ?? main).focus({ preventScroll: true });
    announce(title);
  }
  /** @param {string} path */
  async function go(path) {
    dispatchEvent(new Event("left"));
    wanted = path;
    try {
      const place = places.get(path) ?? (await fetched(path));
      places.set(path, place);
      if (wanted === path) await show(place);
    } catch {
      location.assign(path);
    }
  }
  /** @param {MouseEvent} event */
  function click(event) {
    const link = /** @type {Element} */ (event.target).closest?.("a");
    if (!link || event.defaultPrevented || event.button || link.hash || link.target) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const isPlace = [...links].some(({ href }) => href === link.href);
    if (!isPlace) return;
    event.preventDefault();
    if (link.pathname === location.pathname) return;
    history.pushState(null, "", link.href);
    go(link.pathname);
  }

  places.set(location.pathname, {
    title: document.title,
    part: first,
    isAlone: false,
    script: first.dataset.script ?? "",
  });
  document.addEventListener("click", click);
  addEventListener("popstate", () => wanted !== location.pathname && go(location.pathname));
}

enhance(document.querySelector("main"));
