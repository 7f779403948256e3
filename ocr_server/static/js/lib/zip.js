// @ts-check
// Pure. A ZIP archive of files as they are, not compressed: APPNOTE.TXT of PKWARE, version 6.3.10.

const UTF8_NAME = 0x0800;
const OLDEST_DATE = 0x21; // 1 January 1980, as archives without dates have it

const TABLE = Uint32Array.from({ length: 256 }, function entry(_, at) {
  let value = at;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/**
 * A record of little-endian numbers.
 * @param {[value: number, bytes: 2 | 4][]} members
 */
function record(members) {
  const bytes = new Uint8Array(members.reduce((sum, [, size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, size] of members) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

/**
 * @param {{name: string, content: Blob}[]} files
 * @returns {Promise<Blob>}
 */
export async function zipOf(files) {
  /** @type {BlobPart[]} */
  const parts = [];
  /** @type {BlobPart[]} */
  const directory = [];
  let offset = 0;
  let directoryBytes = 0;
  for (const { name, content } of files) {
    const title = new TextEncoder().encode(name);
    const bytes = new Uint8Array(await content.arrayBuffer());
    /** @type {[number, 2 | 4][]} */
    const common = [
      [20, 2], // version needed
      [UTF8_NAME, 2],
      [0, 2], // stored
      [0, 2], // time
      [OLDEST_DATE, 2],
      [crc32(bytes), 4],
      [bytes.length, 4],
      [bytes.length, 4],
      [title.length, 2],
      [0, 2], // extra field
    ];
    const head = record([[0x04034b50, 4], ...common]);
    const entry = record([
      [0x02014b50, 4],
      [20, 2], // version made by
      ...common,
      [0, 2], // comment
      [0, 2], // disk
      [0, 2], // internal attributes
      [0, 4], // external attributes
      [offset, 4],
    ]);
    parts.push(head, title, content);
    directory.push(entry, title);
    offset += head.length + title.length + bytes.length;
    directoryBytes += entry.length + title.length;
  }
  const end = record([
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [files.length, 2],
    [files.length, 2],
    [directoryBytes, 4],
    [offset, 4],
    [0, 2],
  ]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/**
 * Names of which none stands twice, as files of an archive have them.
 * @param {string[]} names
 */
export function apart(names) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return names.map(function part(name) {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count > 1 ? name.replace(/(\.[^.]*)?$/, ` (${count})$1`) : name;
  });
}
