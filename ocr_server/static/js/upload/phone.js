// @ts-check
// A phone as the camera of this desk: a dialog shows the code that leads it here, and what it sends
// comes into the queue.
import { action, announce, found, loadStyles, part } from "../lib/dom.js";
import { asRefusal, ask, post } from "../lib/http.js";
import { recall, remember } from "../lib/storage.js";
import { _ } from "../lib/words.js";

/**
 * @typedef {{number: number, sent: number, name: string, media_type: string}} Sent
 * @typedef {{state: "waiting" | "connected", changes: number, pictures: Sent[]}} Pairing
 */

const WAIT_S = 20; // for a change: as long as the server lets one wait
const PAUSE_MS = 700; // between looks at a server that lets nobody else wait
const LOST_MS = 3000; // between looks at one that does not answer
const ONLY_HERE = /^(localhost|.*\.localhost|127\..*|\[::1\])$/;
const CONNECTED = _("The phone is connected. What it sends is read here.");

const current = () => recall("pairing", "", "sessionStorage");
/** @param {string} id */
const keep = (id) => remember("pairing", id, "sessionStorage");

/** @param {(files: File[], how: {together: boolean}) => Promise<void>} add */
export function enhance(add) {
  const dialog = /** @type {HTMLDialogElement} */ (found(document, "#phone"));
  const code = /** @type {HTMLImageElement} */ (part(dialog, "code"));
  let following = new AbortController();

  /**
   * @param {string} words
   * @param {{svg?: string, address?: string}} [way] by which a phone gets here
   */
  function show(words, { svg = "", address = "" } = {}) {
    part(dialog, "words").textContent = words;
    code.hidden = !svg;
    code.src = svg && `data:image/svg+xml,${encodeURIComponent(svg)}`;
    part(dialog, "address").textContent = address;
    part(dialog, "limits").hidden = !svg || location.protocol === "https:";
    action(dialog, "end").hidden = !current();
  }
  async function begin() {
    const form = new FormData();
    form.set("address", new URL("webcam", document.baseURI).href);
    const { id, code: svg, address } = await (await post("v1/pairings", form)).json();
    keep(id);
    const words = _(
      "Point the phone’s camera at the code. It holds for ten minutes, for one phone.",
    );
    show(words, { svg, address });
    follow(id);
  }
  async function offer() {
    try {
      if (ONLY_HERE.test(location.hostname))
        show(
          _(
            "This page was opened at {host}, which only this computer reaches. Open it by the " +
              "computer’s name or address in your network: then a phone can be its camera. " +
              "The server must listen there: OCR_HOST=0.0.0.0.",
            { host: location.host },
          ),
        );
      else if (!current()) await begin();
      await loadStyles("crop-dialog");
      dialog.showModal();
    } catch (error) {
      announce(asRefusal(error).message, "alert");
    }
  }
  /** @param {string} words */
  function over(words) {
    keep("");
    dialog.close();
    announce(words);
  }
  function end() {
    const id = current();
    following.abort();
    over(_("The phone is disconnected."));
    ask(`v1/pairings/${id}`, { method: "DELETE" }).catch(() => undefined);
  }
  /**
   * Takes what comes, for as long as there is a pairing.
   * @param {string} id
   */
  async function follow(id) {
    const { signal } = (following = new AbortController());
    let seen = -1;
    let isConnected = false;
    while (current() === id) {
      const begun = performance.now();
      try {
        const since = seen < 0 ? "" : `&seen=${seen}`;
        const answer = await ask(`v1/pairings/${id}?wait_s=${WAIT_S}${since}`, { signal });
        const { state, changes, pictures } = /** @type {Pairing} */ (await answer.json());
        if (state === "connected" && !isConnected) {
          isConnected = true;
          show(CONNECTED);
          announce(CONNECTED);
        }
        await take(id, pictures);
        if (changes === seen && performance.now() - begun < PAUSE_MS) await pause(PAUSE_MS);
        seen = changes;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (asRefusal(error).code === "pairing-missing")
          return over(_("The connection with the phone has ended."));
        await pause(LOST_MS);
      }
    }
    return undefined;
  }
  /**
   * @param {string} id
   * @param {Sent[]} pictures
   */
  async function take(id, pictures) {
    for (const sent of new Set(pictures.map((one) => one.sent))) {
      const group = pictures.filter((one) => one.sent === sent);
      const files = [];
      for (const { number, name, media_type: type } of group) {
        const answer = await ask(`v1/pairings/${id}/pictures/${number}`);
        files.push(new File([await answer.blob()], name, { type }));
      }
      dialog.close();
      add(files, { together: true }); // which ends when they are read
      for (const { number } of group)
        await ask(`v1/pairings/${id}/pictures/${number}`, { method: "DELETE" });
    }
  }

  action(dialog, "end").addEventListener("click", end);
  if (current()) follow(current());
  return { offer };
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
