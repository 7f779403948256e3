// @ts-check
// The names, words and lists that the page shares with the server, which writes them into it.
// No `enhance`: it only reads.

/**
 * @typedef {{name: string, label: string, suffix: string, one_page_each: boolean, for_programs: boolean, shows_pictures:
 *   boolean, needs: "" | "tables" | "confirmed"}} Format `needs`: what pages must have for it
 * @typedef {{name: string, label: string, of_picture: boolean}} StageKind what may be left out of a
 *   reading; `of_picture`: it looks for a fault of the picture
 * @typedef {{accepted_files: string, formats: Format[], look_alikes: [string, string][], stages:
 *   StageKind[], has_voice: boolean}} Declarations `has_voice`: whether the server can speak
 */

/** @type {Declarations} */
export const declarations = JSON.parse(
  document.getElementById("declarations")?.textContent ??
    '{"accepted_files": "", "formats": [], "look_alikes": [], "stages": [], "has_voice": false}',
);
