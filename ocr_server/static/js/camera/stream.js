// @ts-check
// The camera itself: starting, choosing, stopping, and every refusal in plain words.
import { _ } from "../lib/words.js";

/** @typedef {{code: string, words: string}} Trouble */

const MUTED_MS = 3000; // a shorter silence of a camera is none
const FULL_SIZE = { width: { ideal: 3840 }, height: { ideal: 2160 } };

const REFUSALS = {
  insecure: _(
    "Browsers allow the camera only on https:// or on this computer itself (localhost). " +
      "Ask whoever runs this server to switch https on – or take a photo instead.",
  ),
  denied: _(
    "The camera is blocked for this site. Click the camera or lock sign near the address, " +
      "choose Allow, then start again.",
  ),
  dismissed: _("The camera question was closed. Start again and choose Allow."),
  missing: _("No camera was found. Plug one in and start again – or take a photo instead."),
  busy: _("Another program is using the camera. Close it (Teams, Zoom …) and start again."),
  unfit: _(
    "This camera cannot give a picture that we can use. Choose another, or take a photo instead.",
  ),
  ended: _("The camera was unplugged or paused. Start it again."),
  other: _("The camera could not be started. Start again – or take a photo instead."),
};

const CAUSES = {
  NotFoundError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
  OverconstrainedError: "unfit",
};

/**
 * @param {keyof typeof REFUSALS} code
 * @returns {Trouble}
 */
function trouble(code) {
  return { code, words: REFUSALS[code] };
}

/**
 * @param {unknown} error
 * @returns {Promise<Trouble>}
 */
async function explain(error) {
  // Not every browser makes a DOMException of each: the name tells.
  const name = /** @type {{name?: string} | null} */ (error)?.name ?? "";
  if (name === "NotAllowedError") {
    const permission = await navigator.permissions
      ?.query({ name: /** @type {PermissionName} */ ("camera") })
      .catch(() => null);
    return trouble(permission?.state === "prompt" ? "dismissed" : "denied");
  }
  // WebKit without any camera says that none fits.
  if (name === "OverconstrainedError" && !(await cameras()).length) return trouble("missing");
  return trouble(
    /** @type {keyof typeof REFUSALS} */ (
      CAUSES[/** @type {keyof typeof CAUSES} */ (name)] ?? "other"
    ),
  );
}

async function cameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput");
}

/**
 * Gives the camera back.
 * @param {MediaStream | null} stream
 */
function release(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * @param {HTMLVideoElement} video
 * @param {(trouble: Trouble) => void} onTrouble
 */
export function enhance(video, onTrouble) {
  /** @type {MediaStream | null} */
  let stream = null;
  let stops = 0; // which tell a start that waited for its camera that nobody wants it any more
  /** @type {WakeLockSentinel | null} */
  let awake = null;

  function stop() {
    stops += 1;
    awake?.release();
    awake = null;
    release(stream);
    stream = video.srcObject = null;
  }
  /** Keeps the screen on; browsers take that back from a tab out of sight. */
  async function stayAwake() {
    if (stream && !document.hidden)
      awake = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
  }
  document.addEventListener("visibilitychange", stayAwake);

  /** @param {string} device an id, or nothing for the one that looks away from the person */
  async function open(device) {
    const which = device
      ? { deviceId: { exact: device } }
      : { facingMode: { ideal: "environment" } };
    try {
      return await navigator.mediaDevices.getUserMedia({
        video: { ...which, ...FULL_SIZE },
        audio: false,
      });
    } catch (error) {
      const { name } = /** @type {{name?: string}} */ (error);
      // A camera that is gone is "not found" in some browsers; any other will do.
      if (name !== "OverconstrainedError" && !(device && name === "NotFoundError")) throw error;
      return navigator.mediaDevices.getUserMedia({ video: true, audio: false });
    }
  }

  return {
    stop,
    get track() {
      return stream?.getVideoTracks()[0] ?? null;
    },
    /**
     * Whether it runs now.
     * @param {string} [device]
     */
    async start(device = "") {
      stop();
      const before = stops;
      if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) {
        onTrouble(trouble("insecure"));
        return false;
      }
      try {
        const opened = await open(device);
        if (stops !== before) {
          release(opened);
          return false;
        }
        stream = opened;
      } catch (error) {
        if (stops === before) onTrouble(await explain(error));
        return false;
      }
      const [track] = stream.getVideoTracks();
      let silence = 0;
      function lost() {
        if (stream?.getVideoTracks()[0] !== track) return; // another one runs by now, or none
        stop();
        onTrouble(trouble("ended"));
      }
      track.addEventListener("ended", lost);
      track.addEventListener("mute", () => (silence = setTimeout(lost, MUTED_MS)));
      track.addEventListener("unmute", () => clearTimeout(silence));
      video.srcObject = stream;
      video.classList.toggle("mirrored", track.getSettings().facingMode === "user");
      await video.play().catch(() => undefined); // stopped by now
      if (stops !== before) return false;
      stayAwake();
      return true;
    },
    /** The cameras there are; their names are known only after one was allowed. */
    async list() {
      return (await cameras()).map((device, at) => ({
        id: device.deviceId,
        name: device.label || _("Camera {n}", { n: at + 1 }),
      }));
    },
  };
}
