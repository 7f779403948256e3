// @ts-check
// The server's key, where it wants one: typed once, kept for this tab, sent along with every
// request.

const NAME = "api-key";
const FORM = /^[!-~]+$/; // what a header can bear; nothing else can be a key

/** @param {HTMLInputElement | null} root */
export function enhance(root) {
  if (!root) return;
  const field = root;
  function keep() {
    try {
      sessionStorage.setItem(NAME, field.value);
    } catch {
      // Storage is switched off: the form without scripts still works.
    }
  }
  /** Once, until another key was typed: a camera asks again and again. */
  function ask() {
    if (field.getAttribute("aria-invalid") === "true") return;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
  field.value = kept();
  field.addEventListener("input", keep);
  field.addEventListener("change", () => field.removeAttribute("aria-invalid"));
  addEventListener("locked", ask);
}

/**
 * The headers that bear the key.
 * @returns {Record<string, string>}
 */
export function keyHeaders() {
  const key = kept();
  return FORM.test(key) ? { "X-API-Key": key } : {};
}

function kept() {
  try {
    return sessionStorage.getItem(NAME) ?? "";
  } catch {
    return "";
  }
}
