// @ts-check
// What other apps share with the installed one: its worker lays the files down, this page takes
// them.
// No `enhance`: it shows nothing.

const STANDALONE = "(display-mode: standalone)"; // the page is an app of its own

/** Has files that are shared with the app handed to this page, as soon as it is an app. */
export function receiveShared() {
  const install = () => navigator.serviceWorker?.register("worker.js");
  if (matchMedia(STANDALONE).matches) install();
  addEventListener("appinstalled", install);
}

/**
 * The files that were shared just now, each once.
 * @returns {Promise<File[]>}
 */
export async function takeShared() {
  if (location.search !== "?shared" || !("caches" in window)) return [];
  history.replaceState(null, "", location.pathname);
  const shared = await caches.open("shared");
  const files = [];
  for (const request of await shared.keys()) {
    const response = await shared.match(request);
    const blob = await response?.blob();
    const name = decodeURIComponent(response?.headers.get("X-Name") ?? "");
    if (blob) files.push(new File([blob], name, { type: blob.type }));
    await shared.delete(request);
  }
  return files;
}
