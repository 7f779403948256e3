// @ts-check
// Lets a person choose light or dark colours, or leave it to the system.
import { recall, remember } from "./storage.js";

/** @param {Element | null} root */
export function enhance(root) {
  if (!root) return;
  const chosen = recall("theme", "auto");
  for (const radio of root.querySelectorAll("input")) {
    radio.checked = radio.value === chosen;
    radio.addEventListener("change", function choose() {
      remember("theme", radio.value);
      if (radio.value === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = radio.value;
    });
  }
}

enhance(document.getElementById("theme"));
