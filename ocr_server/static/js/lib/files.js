// @ts-check
// Pure. Files as people give them: their order, and which of them a browser shows as a picture.

const SHOWABLE = /^image\/(png|jpeg|gif|webp|bmp|avif)$/;

/** Sorts names as people do: page 2 before page 10. */
export const byName = new Intl.Collator("en", { numeric: true });

/**
 * Whether every browser can show it by itself.
 * @param {File} file
 */
export function isShowable({ type }) {
  return SHOWABLE.test(type);
}

/**
 * Whether it is a lone picture, which can be cropped and turned by hand.
 * @param {File[]} files
 */
export function canTrim(files) {
  return files.length === 1 && files[0].size > 0 && isShowable(files[0]);
}
