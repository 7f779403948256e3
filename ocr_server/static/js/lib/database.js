// @ts-check
// The browser's database, where the files and texts of a tab lie until they are forgotten; what a
// closed tab has left is deleted by the next one that is opened.
// No `enhance`: it keeps, and shows nothing.

const NAME = "ocr-server";
const STORE = "parts"; // under [tab, document, kind, number]
const LEFT_MS = 3_600_000; // after which a tab that was left does not come back
const SILENT_MS = 86_400_000; // after which one that was never left was ended by the system
const ALIVE_MS = 600_000;

/** @typedef {IDBValidKey[]} Key */
/** @typedef {{left: number, seen: number}} Sign of life of a tab */

/** @type {Promise<IDBDatabase> | null} */
let opening = null;
const tab = tabName();

function tabName() {
  const fresh = crypto.getRandomValues(new Uint32Array(3)).join("-");
  try {
    const name = sessionStorage.getItem("tab") ?? fresh;
    sessionStorage.setItem("tab", name);
    return name;
  } catch {
    return fresh; // storage is switched off: nothing outlives the page
  }
}

function database() {
  opening ??= new Promise(function open(resolve, reject) {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

/**
 * One transaction; ends when all of it is done.
 * @template T
 * @param {"readonly" | "readwrite"} mode
 * @param {(store: IDBObjectStore) => T} act
 * @returns {Promise<T>}
 */
async function within(mode, act) {
  const transaction = (await database()).transaction(STORE, mode);
  const answer = act(transaction.objectStore(STORE));
  return new Promise(function wait(resolve, reject) {
    transaction.oncomplete = () => resolve(answer);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/** @param {Key} beginning of the keys */
function allOf(beginning) {
  return IDBKeyRange.bound(beginning, [...beginning, []]);
}

/**
 * Puts parts of a document of this tab, or all of it anew.
 * @param {string} id
 * @param {[kind: string, number: number, value: unknown][]} parts
 * @param {boolean} [anew]
 */
export function put(id, parts, anew = false) {
  return within("readwrite", function write(store) {
    if (anew) store.delete(allOf([tab, id]));
    for (const [kind, number, value] of parts) store.put(value, [tab, id, kind, number]);
  });
}

/** @param {string} id of a document of this tab */
export function remove(id) {
  return within("readwrite", (store) => void store.delete(allOf([tab, id])));
}

/**
 * The documents of this tab: the parts of each by kind, in the order of their numbers.
 * @returns {Promise<Map<string, Record<string, [number: number, value: any][]>>>}
 */
export async function all() {
  const [keys, values] = await within("readonly", (store) => [
    store.getAllKeys(allOf([tab])),
    store.getAll(allOf([tab])),
  ]).then((requests) => requests.map(({ result }) => result));
  /** @type {Map<string, Record<string, [number, any][]>>} */
  const found = new Map();
  /** @type {Key[]} */ (keys).forEach(function sort([, id, kind, number], at) {
    if (!id) return;
    const parts = found.get(String(id)) ?? {};
    found.set(String(id), parts);
    (parts[String(kind)] ??= []).push([Number(number), values[at]]);
  });
  return found;
}

/** @param {boolean} isLeft */
function tellAlive(isLeft) {
  const now = Date.now();
  return put("", [["sign", 0, { left: isLeft ? now : 0, seen: now }]]).catch(() => undefined);
}

/** Deletes what tabs have left that are gone. */
async function sweep() {
  const request = await within("readonly", (store) => store.getAllKeys());
  const tabs = new Set(/** @type {Key[]} */ (request.result).map(([name]) => String(name)));
  tabs.delete(tab);
  const signs = await within("readonly", (store) =>
    [...tabs].map((name) => ({ name, sign: store.get([name, "", "sign", 0]) })),
  );
  const now = Date.now();
  const gone = signs.filter(({ sign: { result } }) => {
    const { left, seen } = /** @type {Sign} */ (result ?? { left: 0, seen: 0 });
    return (left && now - left > LEFT_MS) || now - seen > SILENT_MS;
  });
  if (gone.length)
    await within("readwrite", (store) => gone.forEach(({ name }) => store.delete(allOf([name]))));
}

/** From now on this tab is one that lives. */
export function live() {
  tellAlive(false);
  sweep().catch(() => undefined);
  setInterval(() => tellAlive(false), ALIVE_MS);
  addEventListener("pagehide", () => tellAlive(true));
  addEventListener("pageshow", (event) => event.persisted && tellAlive(false));
}
