/** @file Opens single photographs: files, folders and archives of them. */

import { readFile, stat } from "node:fs/promises";
import type { RawImage } from "@subbyte/engine";
import { decodeImage } from "../data/decode.js";
import { isImageFile } from "../data/image-formats.js";
import { openTree } from "../data/open-tree.js";
import { DataError } from "../errors.js";
import type { Run } from "./run.js";

export interface Photo {
  /** The path of the file for messages. */
  readonly file: string;
  readonly image: RawImage;
}

export interface PhotoOptions {
  /** Leaves out damaged files with a note, instead of refusing them. */
  readonly skipBadImages: boolean;
}

/** An archive of many photographs, by its name; any other single file is an image. */
const ARCHIVE = /\.(tgz|tar|tar\.gz)$/i;

/** Number of files in memory at the same time. */
const GROUP = 64;

/**
 * The photographs one after the other, those of a folder in the order of their names.
 * @throws {DataError} if there are none, or if one cannot be decoded
 */
export async function* openPhotos(
  names: readonly string[],
  { skipBadImages }: PhotoOptions,
  run: Run,
): AsyncIterable<Photo> {
  let count = 0;
  for (const name of names)
    for await (const { file, bytes } of filesOf(name)) {
      run.signal.throwIfAborted();
      count++;
      try {
        yield { file, image: await decodeImage({ encoded: bytes }, file) };
      } catch (error) {
        if (!(skipBadImages && error instanceof DataError)) throw error;
        run.note(`${file} is damaged and was left out`);
      }
    }
  if (count === 0)
    throw new DataError(
      "no-images",
      { source: names.join(", ") },
      `there are no images at ${names.map((name) => `"${name}"`).join(", ")}.`,
    );
}

async function* filesOf(name: string): AsyncIterable<{ readonly file: string; readonly bytes: Uint8Array }> {
  if (!(await stat(name)).isDirectory() && !ARCHIVE.test(name)) {
    yield { file: name, bytes: await readFile(name) };
    return;
  }
  const tree = await openTree(name);
  const paths = (await tree.list()).files.filter(isImageFile).sort();
  // Archives give their files in their own order, and are read from their beginning for each group.
  for (let first = 0; first < paths.length; first += GROUP) {
    const group = paths.slice(first, first + GROUP);
    const contents = new Map<string, Uint8Array>();
    for await (const { path, bytes } of tree.read(new Set(group))) contents.set(path, bytes);
    for (const path of group) yield { file: `${name.replace(/\/$/, "")}/${path}`, bytes: contents.get(path)! };
  }
}
