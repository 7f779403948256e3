// @ts-check
// Two tabs where the screen is too narrow for two panes: arrows move, as the pattern has it.

/**
 * @param {HTMLElement} root
 * @param {(name: string) => void} onChoose
 */
export function enhance(root, onChoose) {
  const tabs = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[role=tab]")]);
  const wide = matchMedia("(min-width: 52.01rem)");

  /** @param {HTMLElement} chosen */
  function choose(chosen) {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    onChoose((chosen.getAttribute("aria-controls") ?? "").replace("pane-", ""));
  }
  /** @param {KeyboardEvent} event */
  function press(event) {
    const at = tabs.indexOf(/** @type {HTMLElement} */ (event.target));
    const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    const to = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    choose(tab);
    tab.focus();
  }
  function dress() {
    for (const tab of tabs) {
      const pane = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (wide.matches) pane?.removeAttribute("role");
      else pane?.setAttribute("role", "tabpanel");
    }
  }

  for (const tab of tabs) tab.addEventListener("click", () => choose(tab));
  root.addEventListener("keydown", press);
  wide.addEventListener("change", dress);
  dress();
}
