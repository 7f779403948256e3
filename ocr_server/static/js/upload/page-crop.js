// @ts-check
// Cropping and turning a page of a PDF, or of any file that a browser cannot cut: its corners are
// put on the picture that the server gives of it, and the server reads what lies between them.
// No `enhance`: the desk's button asks for it.
import { blobOf } from "../desk/page-images.js";
import { read } from "../desk/reread.js";
import { announce, loadStyles } from "../lib/dom.js";
import { bring } from "../lib/http.js";
import { _ } from "../lib/words.js";

/**
 * @param {import("../desk/draft.js").Draft} draft
 * @param {import("../lib/model.js").Page} page
 */
export async function cropPage(draft, page) {
  const picture = await blobOf(draft, page.number);
  const [{ askCorners, UNSHOWN }] = await Promise.all([
    bring("upload/crop-dialog", () => import("./crop-dialog.js")),
    loadStyles("crop-dialog"),
    loadStyles("corners"),
  ]);
  if (!picture) return announce(_("The picture of this page did not come. Try again."), "alert");
  const bitmap = await createImageBitmap(picture).catch(() => null);
  if (!bitmap) return announce(UNSHOWN, "alert");
  const scale = page.width_px / bitmap.width;
  const { corners: before } = page;
  const chosen = await askCorners(picture, _("Page {n}", { n: page.number }), {
    quad: before ? JSON.parse(before).map(times(1 / scale)) : null,
    deed: _("Read this"),
  });
  if (!chosen) return undefined;
  const { corners, quarters, quad } = chosen;
  const wanted = corners || quarters ? JSON.stringify(quad.map(times(scale))) : "";
  announce(_("Reading the page again."));
  const fresh = await read(draft, page.number, { corners: wanted });
  if (!fresh) return undefined;
  draft.replace(page, fresh.zones, null, fresh);
  return announce(
    _(
      "{n} page read again; undo brings back what it was.|{n} pages read again; undo brings back what they were.",
      { n: 1 },
    ),
  );
}

/** @param {number} scale */
function times(scale) {
  return (/** @type {import("../lib/geometry.js").Dot} */ dot) =>
    dot.map((at) => Math.round(at * scale));
}
