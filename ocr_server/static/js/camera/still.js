// @ts-check
// A picture that was taken: as large as the camera can, as a file, and where its page lies.
// No `enhance`: it turns pictures into files and questions.
import { post } from "../lib/http.js";

const QUALITY = 0.92;
const FIND_PX = 1000; // enough to find the corners of a page to a pixel of it
const PHOTO_LATEST_MS = 3000; // some cameras never give the photo they promise

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string} name
 * @returns {Promise<File>}
 */
export function toJpeg(canvas, name) {
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) =>
        blob
          ? resolve(new File([blob], name, { type: "image/jpeg" }))
          : reject(new Error("The picture is empty.")),
      "image/jpeg",
      QUALITY,
    ),
  );
}

/**
 * The camera's own photo, where it is wider than its video.
 * @param {MediaStreamTrack} track
 * @param {number} width
 * @returns {Promise<ImageBitmap | null>}
 */
export async function largerPhoto(track, width) {
  const Capture = /** @type {any} */ (window).ImageCapture;
  if (!Capture) return null;
  try {
    const capture = new Capture(track);
    const { imageWidth } = await capture.getPhotoCapabilities();
    if (!(imageWidth?.max > width)) return null;
    const late = new Promise((_, reject) => setTimeout(reject, PHOTO_LATEST_MS));
    return await createImageBitmap(
      await Promise.race([capture.takePhoto({ imageWidth: imageWidth.max }), late]),
    );
  } catch {
    return null; // the frame of the video will do
  }
}

/**
 * The corners of the page, in pixels of the picture; none where none is found in time.
 * @param {HTMLCanvasElement} still
 * @returns {Promise<import("../lib/geometry.js").Dot[] | null>}
 */
export async function findPage(still) {
  const shrunk = document.createElement("canvas");
  const scale = Math.max(1, Math.max(still.width, still.height) / FIND_PX);
  shrunk.width = Math.round(still.width / scale);
  shrunk.height = Math.round(still.height / scale);
  shrunk.getContext("2d")?.drawImage(still, 0, 0, shrunk.width, shrunk.height);
  const form = new FormData();
  form.set("file", await toJpeg(shrunk, "frame.jpg"));
  form.set("detail", "page");
  try {
    const { outline } = await (await post("v1/frames", form)).json();
    return outline?.map((/** @type {number[]} */ [x, y]) => [x * scale, y * scale]) ?? null;
  } catch {
    return null; // the corners can be moved by hand
  }
}
