// @ts-check
// The picture of a page: its file where a browser can show it, else what came with its words.
// No `enhance`: it gives addresses, which others show.
import { isShowable } from "../lib/files.js";
import { ask, post } from "../lib/http.js";

/** @typedef {import("./draft.js").Draft} Draft */

const THUMBNAIL_PX = 160; // high, for screens with two pixels to one

/** @type {WeakMap<Draft, Map<string, Promise<string | null>>>} */
const known = new WeakMap();

/**
 * A URL for an <img>, or null where there is no picture yet; who is told so is asked again.
 * @param {Draft} draft
 * @param {number} number
 */
export function pictureOf(draft, number) {
  return once(draft, `${number}`, async function url() {
    const picture = await blobOf(draft, number);
    return picture && URL.createObjectURL(picture);
  });
}

/**
 * The same, small.
 * @param {Draft} draft
 * @param {number} number
 */
export function thumbnailOf(draft, number) {
  return once(draft, `${number} small`, async function url() {
    const picture = await blobOf(draft, number);
    return picture && shrunk(picture);
  });
}

/**
 * The page as it was made ready for reading; whoever takes the URL gives it back.
 * @param {Draft} draft
 * @param {number} number
 * @param {string} [without] stages
 */
export async function preparedPictureOf(draft, number, without = "") {
  const picture = await drawn(draft, number, "picture/prepared", without);
  return picture && URL.createObjectURL(picture);
}

/**
 * Gives the memory back.
 * @param {Draft} draft
 */
export async function forgetPictures(draft) {
  const urls = [...(known.get(draft)?.values() ?? [])];
  known.delete(draft);
  for (const url of await Promise.all(urls)) if (url) URL.revokeObjectURL(url);
}

/**
 * @param {Draft} draft
 * @param {string} name
 * @param {() => Promise<string | null>} make
 */
function once(draft, name, make) {
  const urls = known.get(draft) ?? new Map();
  known.set(draft, urls);
  if (!urls.has(name)) {
    const coming = make();
    urls.set(name, coming);
    coming.then((url) => url ?? urls.delete(name));
  }
  return /** @type {Promise<string | null>} */ (urls.get(name));
}

/**
 * The picture itself.
 * @param {Draft} draft
 * @param {number} number
 * @returns {Promise<Blob | null>}
 */
export async function blobOf(draft, number) {
  const { files, pictures } = draft;
  if (files.every(isShowable) && files[number - 1]) return files[number - 1];
  if (!pictures.has(number) && draft.job) {
    try {
      const response = await ask(`v1/jobs/${draft.job}/pages/${number}/picture`);
      draft.addPicture(number, await response.blob());
    } catch (error) {
      // As long as the job may be there it is asked again, and the file is not sent.
      const { status } = /** @type {{status?: number}} */ (error);
      if (status !== 404 && status !== 410) return null;
      if (draft.isEnded) draft.job = "";
    }
  }
  if (!pictures.has(number) && draft.isRunning) await nextOf(draft, number);
  if (!pictures.has(number) && !draft.isRunning) {
    const picture = await drawn(draft, number, "picture"); // as it did not come, for whatever cause
    if (picture) draft.addPicture(number, picture);
  }
  return pictures.get(number) ?? null;
}

/**
 * Waits for a picture that comes behind the words of its page, or for the end of the reading.
 * @param {Draft} draft
 * @param {number} number
 */
function nextOf(draft, number) {
  return new Promise(function wait(resolve) {
    function look() {
      if (!draft.pictures.has(number) && draft.isRunning) return;
      for (const event of ["pictured", "halted"]) draft.removeEventListener(event, look);
      resolve(undefined);
    }
    for (const event of ["pictured", "halted"]) draft.addEventListener(event, look);
  });
}

/**
 * @param {Draft} draft
 * @param {number} number
 * @param {string} path
 * @param {string} [without]
 */
async function drawn(draft, number, path, without) {
  if (!draft.files.length) return null;
  const form = draft.formFor(number);
  if (without) form.set("without", without);
  try {
    return await (await post(path, form)).blob();
  } catch {
    return null;
  }
}

/** @param {Blob} picture */
async function shrunk(picture) {
  try {
    const bitmap = await createImageBitmap(picture, {
      resizeHeight: THUMBNAIL_PX,
      resizeQuality: "medium",
    });
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
    return await new Promise((/** @type {(url: string | null) => void} */ resolve) =>
      canvas.toBlob((small) => resolve(small && URL.createObjectURL(small))),
    );
  } catch {
    return null;
  }
}
