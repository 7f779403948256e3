// @ts-check
// A row of controls that is one stop of the Tab key: arrow keys, Home and End go through it.

const WAYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * @param {HTMLElement | null} root
 * @param {string} [selector] of its controls
 */
export function enhance(root, selector = ":scope > button, :scope > details > summary") {
  if (!root) return;
  const row = root;

  function controls() {
    const all = /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll(selector));
    return [...all].filter(
      (one) => one.offsetParent && !(/** @type {HTMLButtonElement} */ (one).disabled),
    );
  }
  /** One of those that can be reached is the stop: the one that was, if it still can. */
  function settle() {
    const all = controls();
    const stop =
      all.find((one) => one.getAttribute("aria-current") === "true") ??
      all.find((one) => "stop" in one.dataset) ??
      all[0];
    for (const one of row.querySelectorAll(selector)) make(/** @type {HTMLElement} */ (one), stop);
  }
  /**
   * @param {HTMLElement} one
   * @param {HTMLElement | undefined} stop
   */
  function make(one, stop) {
    const tabIndex = one === stop ? 0 : -1;
    if (one.tabIndex !== tabIndex) one.tabIndex = tabIndex;
    if (one === stop) one.dataset.stop = "";
    else delete one.dataset.stop;
  }
  /** @param {FocusEvent} event */
  function follow(event) {
    const all = controls();
    const stop = all.find((one) => one === event.target);
    if (stop)
      for (const one of row.querySelectorAll(selector))
        make(/** @type {HTMLElement} */ (one), stop);
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    const all = controls();
    const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const isReversed = event.key.match(/Left|Right/) && getComputedStyle(row).direction === "rtl";
    const by = WAYS[/** @type {keyof typeof WAYS} */ (event.key)] * (isReversed ? -1 : 1);
    const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : by && at + by;
    if (to === undefined || Number.isNaN(to)) return;
    event.preventDefault();
    all[(to + all.length) % all.length].focus();
  }

  row.addEventListener("focusin", follow);
  row.addEventListener("keydown", press);
  // Buttons come, go and are out of use as the document has it.
  new MutationObserver(function look(changes) {
    // Words that an output tells are no controls.
    if (!changes.every(({ target }) => target instanceof HTMLOutputElement)) settle();
  }).observe(row, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["disabled", "hidden", "aria-current"],
  });
  settle();
}
