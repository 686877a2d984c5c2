/**
 * @file A hash of the content of an input (a model file, an archive or a folder of images), independent of its path.
 */

import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { MNIST_IDENTITY } from "../data/mnist.js";
import { openTree } from "../data/open-tree.js";
import { DataError } from "../errors.js";
import { statIfPresent } from "../present.js";

/** Sources of images that are not paths: the built-in digits, and `none`. */
const builtIn: Readonly<Record<string, string>> = { mnist: MNIST_IDENTITY, none: "none" };

export const isPath = (source: string): boolean => !Object.hasOwn(builtIn, source);

/**
 * The hexadecimal SHA-256 of a file's bytes, or of the names and bytes of the files in a folder.
 * @throws {DataError} if there is nothing at the path
 */
export async function contentHash(source: string): Promise<string> {
  const hash = createHash("sha256");
  if (!isPath(source)) return hash.update(builtIn[source]!).digest("hex");
  const status = await statIfPresent(source);
  if (status?.isFile()) await pipeline(createReadStream(source), hash, { end: false });
  else if (status?.isDirectory()) await hashFolder(hash, source);
  else throw new DataError("data-not-found", { source }, `there is no file or folder "${source}"; correct the path.`);
  return hash.digest("hex");
}

async function hashFolder(hash: Hash, source: string): Promise<void> {
  const tree = await openTree(source);
  const { files } = await tree.list();
  if (files.length === 0)
    throw new DataError("no-images", { source }, `the folder "${source}" has no files; give a folder with images.`);
  for await (const { path, bytes } of tree.read(new Set(files)))
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
}
