/** @file Small image folders and archives for tests. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { create } from "tar";
import { afterAll } from "vitest";
import { ImageCache } from "../src/data/cache.js";
import type { Batch, ImageSet } from "../src/data/types.js";

/** A folder that is removed after the tests of a file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "subbyte-images-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Pixels `[height, width, 3]` that depend on `shade` and on the place. */
export function pixelsOf(shade: number, height: number, width: number): Buffer {
  return Buffer.from(
    Array.from({ length: height * width * 3 }, (_, i) => (shade * 37 + i * 5 + Math.floor(i / (3 * width)) * 11) % 256),
  );
}

/** A lossless PNG of `pixelsOf`. */
export function png(shade: number, height = 4, width = 4): Promise<Buffer> {
  return sharp(pixelsOf(shade, height, width), { raw: { height, width, channels: 3 } })
    .png()
    .toBuffer();
}

/** Writes files below `root`; `null` makes an empty folder. */
export async function writeTree(
  root: string,
  files: Readonly<Record<string, Uint8Array | string | null>>,
): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, path);
    await mkdir(content === null ? place : dirname(place), { recursive: true });
    if (content !== null) await writeFile(place, content);
  }
  return root;
}

/** `{ "cat/0.png": …, "cat/1.png": … }`, each image of another shade. */
export async function classFolders(
  counts: Readonly<Record<string, number>>,
  { height = 4, width = 4 } = {},
): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  let shade = 0;
  for (const [name, count] of Object.entries(counts))
    for (let i = 0; i < count; i++)
      files[`${name}/${String(i).padStart(3, "0")}.png`] = await png(shade++, height, width);
  return files;
}

/** A `.tgz` of everything in `folder`. */
export async function archive(folder: string, file: string, gzip = true): Promise<string> {
  await create({ cwd: folder, file, gzip }, ["."]);
  return file;
}

/** A cache in a folder of its own. */
export function cacheIn(folder: string, limitBytes = 2 ** 30): ImageCache {
  return new ImageCache(folder, limitBytes);
}

/** All images of a set in one batch. */
export async function wholeSet(set: ImageSet): Promise<Batch> {
  for await (const batch of set.batches({ batchSize: Math.max(1, set.length) })) return batch;
  throw new Error("the set is empty");
}
