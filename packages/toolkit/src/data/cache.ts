/**
 * @file Decoded images on disk, in `$XDG_CACHE_HOME/subbyte` (by default `~/.cache/subbyte`), so that a data set is decoded
 * only once. There is one file per source, split, size and so on. If all files together exceed the limit, the least recently
 * used are removed. The cache never causes a failure: a file that cannot be read is decoded again, and a failed write only
 * gives a note.
 *
 * A file is, little-endian: magic "SBIMAGES", u32 length and u32 CRC-32 of the header, the header (JSON), labels (int32),
 * pixels. The header holds the CRC-32 of labels and pixels.
 */

import { createHash } from "node:crypto";
import { open, readdir, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { removeAbandoned } from "../temporary.js";
import type { DecodedImages } from "./image-set.js";

const MAGIC = Buffer.from("SBIMAGES");
const PREFIX_BYTES = MAGIC.length + 8;
/** Part of every key. Raise it if decoding, resizing or the file's layout changes. */
const VERSION = 2;
const DEFAULT_LIMIT_BYTES = 4 * 2 ** 30;
const READ_BYTES = 2 ** 28;
/** A temporary file older than this was left by a process that was killed. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** An entry of the cache. */
export interface CachedImages {
  readonly images: DecodedImages;
  /** Number of damaged images that were left out. */
  readonly skipped: number;
}

interface Header extends Omit<DecodedImages, "labels" | "pixels"> {
  readonly count: number;
  readonly skipped: number;
  readonly checksum: number;
}

/**
 * Decoded images in a folder on disk. If the folder exceeds its limit, the least recently used files are removed. A damaged
 * file counts as absent, and a failed write only gives a note: neither stops the caller.
 */
export class ImageCache {
  /**
   * @param folder created at the first write
   * @param limitBytes largest size of all files together; 0 switches the cache off
   */
  constructor(
    private readonly folder: string,
    private readonly limitBytes: number,
  ) {}

  /** The cache in the user's cache folder, with up to 4 GiB. */
  static standard(): ImageCache {
    return ImageCache.fromEnvironment({});
  }

  /**
   * The cache that environment variables describe.
   *
   * @throws {UsageError} if SUBBYTE_CACHE_LIMIT is not a size
   */
  static fromEnvironment(environment: Readonly<Record<string, string | undefined>>): ImageCache {
    const base = environment.XDG_CACHE_HOME || join(homedir(), ".cache");
    return new ImageCache(join(base, "subbyte"), parseLimit(environment.SUBBYTE_CACHE_LIMIT));
  }

  /** Arguments for the same cache in another process. */
  get settings(): readonly [folder: string, limitBytes: number] {
    return [this.folder, this.limitBytes];
  }

  /** The images stored under `key`; undefined if there are none or their file is damaged (it is then removed). */
  async read(key: string): Promise<CachedImages | undefined> {
    const path = this.#path(key);
    const content = await readWhole(path).catch(() => undefined);
    if (content === undefined) return undefined;
    const cached = parse(content);
    const now = new Date();
    if (cached === undefined) await rm(path, { force: true }).catch(() => undefined);
    else await utimes(path, now, now).catch(() => undefined); // recently used
    return cached;
  }

  /** Stores images under `key`. Returns a note for the user if that was not possible. */
  async write(key: string, { images, skipped }: CachedImages): Promise<string | undefined> {
    const parts = serialize(images, skipped);
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    if (sizeBytes > this.limitBytes) {
      if (this.limitBytes === 0) return undefined; // switched off on purpose
      return `decoded images (${inMiB(sizeBytes)}) exceed the cache's limit (${inMiB(this.limitBytes)}): they are decoded anew each time`;
    }
    try {
      await this.#makeRoom(sizeBytes);
      await writeFileAtomic(this.#path(key), parts);
      return undefined;
    } catch (error) {
      return `decoded images are not cached, so the next run decodes them anew: ${(error as Error).message}`;
    }
  }

  #path(key: string): string {
    const hash = createHash("sha256").update(`${VERSION}\n${key}`).digest("hex");
    return join(this.folder, `images-${hash.slice(0, 40)}.bin`);
  }

  /** Removes the least recently used files until `sizeBytes` more fit. */
  async #makeRoom(sizeBytes: number): Promise<void> {
    const files = [];
    removeAbandoned(this.folder);
    for (const name of await readdir(this.folder).catch(() => [])) {
      const path = join(this.folder, name);
      const status = await stat(path).catch(() => undefined);
      if (status === undefined) continue;
      if (/^images-[0-9a-f]+\.bin$/.test(name)) files.push({ path, sizeBytes: status.size, usedMs: status.mtimeMs });
      else if (name.endsWith(".tmp") && Date.now() - status.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
    let total = files.reduce((sum, file) => sum + file.sizeBytes, sizeBytes);
    for (const file of files.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= this.limitBytes) return;
      await rm(file.path, { force: true });
      total -= file.sizeBytes;
    }
  }
}

/** The number of bytes that a text such as "500M", "4GiB" or "0" (no cache) stands for; 4 GiB if nothing is given. */
function parseLimit(text: string | undefined): number {
  if (text === undefined || text.trim() === "") return DEFAULT_LIMIT_BYTES;
  const [, number, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text) ?? [];
  if (number === undefined)
    throw new UsageError(
      "option-value",
      { option: "cacheLimit", value: text, expected: "bytes, or a number with K, M, G or T" },
      `SUBBYTE_CACHE_LIMIT is "${text}", which is not a size: give bytes, or a number with K, M, G or T (as in "4G"); 0 switches ` +
        "the cache of decoded images off.",
    );
  return Number(number) * 1024 ** " kmgt".indexOf(unit.toLowerCase() || " ");
}

const inMiB = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

function serialize(images: DecodedImages, skipped: number): Uint8Array[] {
  const { labels, pixels, ...description } = images;
  const labelBytes = new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);
  const checksum = crc32(pixels, crc32(labelBytes));
  const header: Header = { ...description, count: labels.length, skipped, checksum };
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(json.length, MAGIC.length);
  prefix.writeUInt32LE(crc32(json), MAGIC.length + 4);
  return [prefix, json, labelBytes, pixels];
}

/** The images of a file; undefined if a length or checksum does not fit. */
function parse(content: Buffer): CachedImages | undefined {
  if (content.length < PREFIX_BYTES || !content.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const jsonEnd = PREFIX_BYTES + content.readUInt32LE(MAGIC.length);
  const json = content.subarray(PREFIX_BYTES, jsonEnd);
  if (crc32(json) !== content.readUInt32LE(MAGIC.length + 4)) return undefined;
  const { count, skipped, checksum, ...description } = JSON.parse(json.toString()) as Header;
  const data = content.subarray(jsonEnd);
  const imageBytes = description.storedHeight * description.storedWidth * description.channels;
  if (data.length !== count * (4 + imageBytes) || crc32(data) !== checksum) return undefined;
  const labels = new Int32Array(data.buffer.slice(data.byteOffset, data.byteOffset + 4 * count));
  return { images: { ...description, labels, pixels: data.subarray(4 * count) }, skipped };
}

/** A whole file in one buffer; `readFile` stops at 2 GiB. */
async function readWhole(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const content = Buffer.allocUnsafeSlow((await file.stat()).size);
    for (let at = 0; at < content.length; ) {
      const { bytesRead } = await file.read(content, at, Math.min(READ_BYTES, content.length - at), at);
      if (bytesRead === 0) throw new Error("the file became shorter while it was read");
      at += bytesRead;
    }
    return content;
  } finally {
    await file.close();
  }
}
