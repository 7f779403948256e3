// @ts-check
// What other apps share with the installed one: its worker has laid the files down.
// No `enhance`: it shows nothing.

/**
 * The files that were shared just now, each once.
 * @returns {Promise<File[]>}
 */
export async function takeShared() {
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
