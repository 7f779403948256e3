// @ts-check
// The files of this tab: one card each, read side by side, kept until forgotten.
import { action, announce, found, loadStyles, part, reveal } from "../lib/dom.js";
import { canTrim } from "../lib/files.js";
import { asRefusal, bring } from "../lib/http.js";
import { enhance as enhanceDeskLoader } from "./desk-loader.js";
import { Item, RUNS } from "./item.js";
import { enhance as enhanceForgetting } from "./forgetting.js";
import { follow, keep, keepsAll, kept } from "./keeping.js";
import { recall } from "../lib/storage.js";
import { _ } from "../lib/words.js";

/**
 * @typedef {import("../desk/draft.js").Draft} Draft
 * @typedef {{fields: () => FormData, trims?: () => boolean, maxBytes: number}} How `trims`: whether
 *   pictures are cropped by hand first
 */

// What only a file needs, which comes with the first.
const comingReading = () => bring("upload/reading", () => import("./reading.js"));

const BUSY = new Set([429, 503]);
const SIDE_BY_SIDE = 2;
const PATIENCE_MS = 3000; // until what was kept is there
const COUNTS = new Set(["result", "empty"]); // the words of the text

/** @type {{how: How, queue: ReturnType<typeof begin>} | null} */
let known = null;

/**
 * One for all places of the page, each of which says how it reads.
 * @param {HTMLElement} root
 * @param {How} how
 */
export function enhance(root, how) {
  known ??= { how, queue: begin(root) };
  known.how = how;
  return known.queue;
}

/** @param {HTMLElement} root */
function begin(root) {
  const main = found(document, "main");
  const deskRoot = found(document, "#desk");
  const cards = part(root, "cards");
  const strip = part(root, "strip");
  const desk = enhanceDeskLoader(deskRoot, {
    drafts: () => drafts(),
    async open(draft) {
      const item = items.find((one) => one.draft === draft);
      if (item) await open(item);
    },
  });
  /** @type {Item[]} */
  let items = [];
  const forgetting = enhanceForgetting(root, {
    get items() {
      return items;
    },
    set items(next) {
      items = next;
      number();
      tellCount();
    },
    tell: tellCount,
    desk,
    open,
  });

  /**
   * @param {File[]} files of one document
   * @param {import("./item.js").Kept} [about]
   */
  function addItem(files, about = {}) {
    const { draft } = about;
    const item = new Item(files, {
      ...about,
      deeds: (self) => ({
        open: () => open(self).then(seeDesk),
        retry: () => (canGoOn(self) || mayLose(self)) && retry(self),
        cancel: () => cancel(self),
        forget: () => forgetting.forget([self]),
        trim: () => trimAndRead(self),
        unlock(password) {
          self.password = password;
          retry(self);
        },
      }),
      onPut: tellState,
    });
    if (draft) adopt(item, draft);
    items.push(item);
    cards.append(item.card);
    number();
    if (items.length > 1) sortable().catch(() => undefined); // tried again with the next
    return item;
  }
  /**
   * @param {Item} item
   * @param {Draft} draft
   */
  function adopt(item, draft) {
    follow(item, draft);
    const tell = () => item.draft === draft && !RUNS.has(item.state) && item.putResult();
    draft.addEventListener("grown", tell);
    for (const event of ["changed", "replaced"])
      draft.addEventListener(event, () => COUNTS.has(item.state) && tell());
  }
  /** The documents there are, in the order of their cards. */
  const drafts = () => items.flatMap(({ draft }) => (draft?.pages.length ? [draft] : []));
  /** Their order, as it is kept. */
  function number() {
    for (const [at, item] of items.entries())
      if (item.order !== at + 1) keep(Object.assign(item, { order: at + 1 }));
  }
  let isSortable = false;
  /** Cards can be put in another order. */
  async function sortable() {
    const { enhance } = await bring("lib/sorting", () => import("../lib/sorting.js"));
    if (isSortable) return;
    isSortable = true;
    enhance(cards, {
      of: (card) => items.find((item) => item.card === card)?.name ?? "",
      onMove(from, to) {
        const [item] = items.splice(from, 1);
        items.splice(to, 0, item);
        cards.append(...items.map(({ card }) => card));
        number();
      },
    });
  }
  /** @param {Item} item */
  function tellState(item) {
    const { state } = item;
    const isIdle = state === "waiting" || state === "stopped";
    main.dataset.state = state === "partial" ? "result" : isIdle ? "idle" : state;
    if (RUNS.has(state)) announce("", "alert"); // what stood there is tried again
    if (items.includes(item)) keep(item);
    tellCount();
  }
  function tellCount() {
    root.hidden = !items.length && !forgetting.isOffered;
    action(root, "forget-all").hidden = items.length < 2;
    part(root, "all").hidden = drafts().length < 2;
  }

  /** @param {Item} item */
  async function open(item) {
    const { draft, card } = item;
    if (!draft) return;
    for (const other of items) {
      if (other.isOpen) keep(other);
      other.isOpen = other === item;
      other.card.removeAttribute("aria-current");
    }
    card.setAttribute("aria-current", "true");
    card.append(strip);
    keep(item);
    await desk.show(draft);
    reveal(part(card, "name"));
  }
  /** Below a narrow page's files, say. */
  function seeDesk() {
    const { top } = deskRoot.getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) deskRoot.scrollIntoView();
  }
  /** @param {Item} item */
  const canGoOn = ({ draft }) => draft && !draft.isEnded;
  /** @param {Item} item */
  function retry(item) {
    item.isHopeless = item.isNoPicture = false;
    item.put("waiting", _("Waiting"));
    work();
  }
  /**
   * Whether nobody minds that a text goes.
   * @param {Item} item
   */
  const mayLose = ({ draft }) =>
    !draft || draft.saved || confirm(_("Read it again and forget the corrections?"));
  /** @param {Item} item */
  function cancel(item) {
    if (item.stop) item.stop.abort();
    else if (item.state === "waiting") item.put("stopped", _("Stopped."));
  }
  /**
   * Has a lone picture cropped and turned by hand; whether it is to be read then.
   * @param {Item} item
   */
  async function trim(item) {
    if (!canTrim(item.files)) return false;
    const [{ trimmed, UNSHOWN }] = await Promise.all([
      bring("upload/crop-dialog", () => import("./crop-dialog.js")),
      loadStyles("crop-dialog"),
      loadStyles("corners"),
    ]);
    const found = await trimmed(item.files[0]).catch(function tell() {
      item.put(item.state, UNSHOWN);
      announce(`${item.name}: ${UNSHOWN}`, "alert");
    });
    if (found) item.files = [found.file];
    return Boolean(found);
  }
  /** @param {Item} item */
  async function trimAndRead(item) {
    if (!mayLose(item)) return;
    cancel(item);
    if (await trim(item)) retry(item);
  }
  /** @param {Item} item */
  async function cropPage({ draft }) {
    const { page } = await desk.load();
    if (draft && page)
      (await bring("upload/page-crop", () => import("./page-crop.js"))).cropPage(draft, page);
  }
  /** Begins what may be read now; ends with what it began. */
  const work = () => Promise.all(items.map((item) => mayBegin(item) && take(item)));
  /**
   * Two at a time, and one picture beside long documents.
   * @param {Item} item
   */
  function mayBegin({ state, isTaken, files }) {
    if (state !== "waiting" || isTaken) return false;
    const taken = items.filter((item) => item.isTaken);
    if (taken.length < SIDE_BY_SIDE) return true;
    return canTrim(files) && !taken.some((item) => canTrim(item.files));
  }
  /** @param {Item} item */
  async function take(item) {
    item.isTaken = true;
    try {
      if (known?.how.trims?.() && !item.draft) await trim(item);
      await read(item);
    } catch (error) {
      await fail(item, error);
    } finally {
      item.stop = null;
      item.isTaken = false;
      await work();
    }
  }
  /** @param {Item} item */
  async function read(item) {
    if (!known || item.state !== "waiting") return;
    const { fields, maxBytes } = known.how;
    const { readItem } = await comingReading();
    await readItem(item, {
      fields: fields(),
      maxBytes,
      hasJobs: root.dataset.jobs === "on",
      desk,
      open,
      adopt,
      isListed: () => items.includes(item),
    });
  }
  /**
   * @param {Item} item
   * @param {unknown} thrown
   */
  async function fail(item, thrown) {
    if (item.stop?.signal.aborted)
      return item.draft?.pages.length && !item.draft.isEnded
        ? item.putResult()
        : item.put("stopped", _("Stopped."));
    const error = asRefusal(thrown);
    if (BUSY.has(error.status) && error.retryAfter) {
      const { waitForServer } = await comingReading();
      if (await waitForServer(item, error.retryAfter)) return item.put("waiting", _("Waiting"));
      return item.put("stopped", _("Stopped."));
    }
    item.putFailure(error);
    if (error.code !== "no-answer") return undefined;
    const readAgain = () =>
      item.state === "error" && (!item.draft || item.draft.saved || canGoOn(item)) && retry(item);
    return window.addEventListener("answered", readAgain, { once: true });
  }
  async function restore() {
    const [came] = /** @type {PerformanceNavigationTiming[]} */ (
      performance.getEntriesByType("navigation")
    );
    for (const { files, state, words, isOpen, ...about } of await kept()) {
      const item = addItem(files, about);
      if (RUNS.has(state) && files.length) item.put("waiting", _("Waiting"));
      else if (item.draft?.pages.length) item.putResult();
      else item.put(state, words);
      if (isOpen && came?.type !== "navigate" && !desk.shown) await open(item);
    }
    await work();
  }

  const all = part(root, "all");
  all.addEventListener("toggle", async function offer() {
    if (all.hasAttribute("open"))
      (await bring("desk/export-all", () => import("../desk/export-all.js"))).drawExportAll(
        all,
        drafts(),
      );
  });
  action(root, "forget-all").addEventListener("click", () => forgetting.forget([...items]));
  for (const [name, deed] of Object.entries({
    forget: (/** @type {Item} */ item) => forgetting.forget([item]),
    trim: (/** @type {Item} */ item) => (canTrim(item.files) ? trimAndRead : cropPage)(item),
  }))
    action(deskRoot, name).addEventListener("click", () =>
      items.filter(({ draft }) => draft === desk.shown).forEach(deed),
    );
  window.addEventListener("beforeunload", function ask(event) {
    const dies = items.some(({ state, draft }) => RUNS.has(state) && !draft?.job);
    const isUnsaved = items.some(({ draft }) => draft && !draft.saved);
    if (dies || isUnsaved || (items.length && !keepsAll())) event.preventDefault();
  });
  main.dataset.state = "idle";
  // A database that never answers, as in private windows of WebKit, stops no reading.
  const restored = Promise.race([restore(), new Promise((go) => setTimeout(go, PATIENCE_MS))]);
  /**
   * A phone as the camera of this desk, once there is one.
   * @type {{offer: () => void} | null}
   */
  let camera = null;
  const phone = () =>
    bring("upload/phone", () => import("./phone.js")).then(
      (module) => (camera ??= module.enhance(added.add)),
    );
  document.addEventListener("click", async function offer({ target }) {
    const deed = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (target).closest?.("[data-action]")
    )?.dataset.action;
    if (deed === "use-phone") (await phone()).offer();
    else if (deed === "corrections")
      (await bring("desk/corrections", () => import("../desk/corrections.js"))).offer();
  });
  if (recall("pairing", "", "sessionStorage")) phone();

  const added = {
    get isBusy() {
      return items.some(({ isTaken }) => isTaken);
    },
    /** @param {File[]} files each a document, or all together one */
    async add(files, { together = false } = {}) {
      await restored;
      forgetting.end();
      for (const group of together ? [files] : files.map((file) => [file]))
        addItem(group).put("waiting", _("Waiting"));
      if (!desk.shown) cards.lastElementChild?.scrollIntoView({ block: "nearest" });
      await work();
    },
  };
  return added;
}
