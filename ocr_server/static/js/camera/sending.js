// @ts-check
// A phone that is the camera of a desk elsewhere: what it takes is sent there.
import { action, found, part } from "../lib/dom.js";
import { asRefusal, ask, post } from "../lib/http.js";
import { remember } from "../lib/storage.js";
import { _, language } from "../lib/words.js";

const GONE = new Set([401, 404]);
const OVER = _(
  "The desk does not know this phone: the code was used already or is older than ten minutes, or " +
    "the desk was closed. Show a new code there, and scan it.",
);

/**
 * @param {HTMLElement} root the camera
 * @param {HTMLFormElement} form
 * @param {string} token of the desk; empty where this phone has been its camera before a reload
 */
export function enhance(root, form, token) {
  const said = part(root, "sent");
  const again = action(root, "send-again");
  /** @type {File[][]} */
  let unsent = [];
  let sent = 0;
  let isBusy = false;

  /**
   * @param {string} words
   * @param {boolean} [isTrouble]
   */
  function say(words, isTrouble = false) {
    said.textContent = isTrouble ? "" : words;
    part(root, "trouble").hidden = !isTrouble;
    if (isTrouble) part(root, "trouble-words").textContent = words;
    again.hidden = !isTrouble || !unsent.length;
  }
  /** @param {unknown} error */
  function fail(error) {
    const refusal = asRefusal(error);
    const isGone = GONE.has(refusal.status);
    if (isGone) keep("");
    say(isGone ? OVER : refusal.message, true);
  }
  /** @param {string} key of this phone, which stands in the place of the server's */
  function keep(key) {
    remember("api-key", key, "sessionStorage");
    remember("phone", key && "on", "sessionStorage");
  }
  async function claim() {
    history.replaceState(null, "", location.pathname + location.search);
    try {
      const headers = { "X-API-Key": token, "Accept-Language": language };
      const answer = await ask("v1/phones", { method: "POST", headers });
      keep((await answer.json()).key);
      say(_("This phone is the camera of your desk now."));
    } catch (error) {
      fail(error);
    }
  }
  async function deliver() {
    if (isBusy) return;
    isBusy = true;
    try {
      for (let files; (files = unsent[0]); unsent.shift()) {
        say(_("Sending …"));
        const pictures = new FormData();
        for (const file of files) pictures.append("file", file, file.name);
        await post("v1/phones/pictures", pictures);
        sent += files.length;
        say(_("{n} picture lies on the desk.|{n} pictures lie on the desk.", { n: sent }));
      }
    } catch (error) {
      fail(error);
    } finally {
      isBusy = false;
    }
  }

  root.dataset.sends = window.isSecureContext ? "live" : "photos";
  found(document, ".intro h1").textContent = _("The camera of your desk");
  found(document, ".intro .lead").textContent = window.isSecureContext
    ? _("What you take here is read there.")
    : _(
        "Over http the browser gives no page the camera, so take photos with the phone’s own. They " +
          "are read at the desk. With https this page would show the edges of the page.",
      );
  found(form, ".pick label").textContent = _("Take a photo");
  again.addEventListener("click", deliver);
  window.addEventListener("answered", deliver);
  window.addEventListener("beforeunload", function warn(event) {
    if (unsent.length) event.preventDefault();
  });
  if (token) claim();
  else say(_("This phone is the camera of your desk now."));

  return {
    sends: true,
    get isBusy() {
      return isBusy;
    },
    /** @param {File[]} files of one document */
    async add(files) {
      unsent.push(files);
      await deliver();
    },
  };
}
