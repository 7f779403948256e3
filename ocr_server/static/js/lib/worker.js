// @ts-check
// The worker of the installed app: puts the files that are shared with it where the upload page
// finds them. Everything else goes to the server as if it were not there.
// No `enhance`: it runs beside the pages.

/** @typedef {Event & {request: Request, respondWith: (response: Promise<Response>) => void}} Fetch */

const worker = /** @type {any} */ (self);

/** @param {Request} request */
async function hand(request) {
  const shared = await caches.open("shared");
  const files = (await request.formData()).getAll("file");
  let at = 0;
  for (const file of files)
    if (file instanceof File) {
      const headers = { "X-Name": encodeURIComponent(file.name) };
      await shared.put(`shared/${Date.now()}-${at}`, new Response(file, { headers }));
      at += 1;
    }
  return Response.redirect("./?shared", 303);
}

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) =>
  event.waitUntil(worker.clients.claim()),
);
worker.addEventListener("fetch", function pick(/** @type {Fetch} */ event) {
  const { method, url } = event.request;
  if (method === "POST" && url === new URL("share", worker.registration.scope).href)
    event.respondWith(hand(event.request));
});
