// @ts-check
// Numbers for the curious: how large, how often, how long, how sharp.
import { _, written } from "../lib/words.js";

/** @typedef {import("./frame-loop.js").Seen} Seen */

const KEPT = 20; // looks that the typical value is taken from

/**
 * @param {HTMLElement} root
 * @param {HTMLVideoElement} video
 */
export function enhance(root, video) {
  /** @type {{at: number, ms: number}[]} */
  let looks = [];
  return {
    /** @param {Seen} seen */
    tell(seen) {
      looks = [...looks.slice(1 - KEPT), { at: performance.now(), ms: seen.ms }];
      const sorted = looks.map(({ ms }) => ms).sort((one, other) => one - other);
      const track = /** @type {MediaStream | null} */ (video.srcObject)?.getVideoTracks()[0];
      const often =
        looks.length > 1
          ? (1000 * (looks.length - 1)) / (looks[looks.length - 1].at - looks[0].at)
          : 0;
      const [all, encode, server] = [seen.ms, seen.encode_ms, seen.server_ms].map(Math.round);
      const way = Math.max(0, all - encode - server);
      const typical = Math.round(sorted[Math.floor(sorted.length / 2)]);
      const rate = Math.round(track?.getSettings().frameRate ?? 0);
      root.textContent = [
        track?.label ?? "",
        _("{width} × {height}, {rate} frames/s", {
          width: String(video.videoWidth),
          height: String(video.videoHeight),
          rate,
        }),
        _("{often} answers/s", { often: written(often, 1) }),
        _(
          "answers in {all} ms (picture {encode}, server {server}, way {way}), typically {typical} ms",
          {
            all,
            encode,
            server,
            way,
            typical,
          },
        ),
        _("sharpness {n}", { n: Math.round(seen.sharpness) }),
      ]
        .filter(Boolean)
        .join(" · ");
    },
    clear() {
      looks = [];
    },
  };
}
