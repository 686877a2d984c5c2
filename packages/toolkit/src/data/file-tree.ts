/** @file A folder or a tar archive seen as the same thing: a list of paths, and the bytes of those that are wanted. */

import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { DataError } from "../errors.js";
import { ArchiveTree } from "./archive-tree.js";
import { FolderTree } from "./folder-tree.js";

/** Everything in a tree, by paths relative to its root with "/" between the parts. */
export interface TreeListing {
  readonly files: readonly string[];
  /** Folders, empty ones too. */
  readonly folders: readonly string[];
  /** What was left out, with the reason: broken links, names that are not UTF-8, folders too deep. */
  readonly leftOut: readonly string[];
}

export interface TreeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface FileTree {
  /** The path as the user gave it, for messages. */
  readonly location: string;
  /** Changes whenever a file in the tree changes: its place, size, inode, or the times of its last modification and status change. */
  identity(): Promise<string>;
  list(): Promise<TreeListing>;
  /** The wanted files, in the order that is cheapest to read. */
  read(wanted: ReadonlySet<string>): AsyncIterable<TreeFile>;
}

/** What operating systems leave in folders and archives: `.DS_Store`, `._photo.jpg`, `__MACOSX/`. */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}

/**
 * Changes whenever a file is written, also where its size and time of modification are put back: the time of its last status
 * change cannot be set.
 */
export const versionOf = ({ size, mtimeMs, ctimeMs, ino }: Stats): string => `${size} ${mtimeMs} ${ctimeMs} ${ino}`;

/**
 * Opens a folder, or a `.tar`, `.tar.gz` or `.tgz` archive (recognized by content, read without unpacking).
 *
 * @throws {DataError} where nothing is there.
 */
export async function openTree(location: string): Promise<FileTree> {
  const path = resolve(location);
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR")
      throw new DataError(
        "data-not-found",
        { source: location },
        `there are no images at "${location}": no such file or folder. Give a folder of class folders ` +
          `(train/cat/1.jpg, or cat/1.jpg without splits), a .tar, .tar.gz or .tgz of one, CIFAR-10's binary archive, ` +
          `or "mnist" for the embedded digits; \`subbyte download cifar10\` or \`imagenette\` fetches a data set.`,
      );
    throw new DataError(
      "file-unreadable",
      { file: location, reason: error.message },
      `the images at "${location}" cannot be read: ${error.message}`,
      { cause: error },
    );
  });
  if (status.isDirectory()) return new FolderTree(location, path);
  return new ArchiveTree(location, path, status);
}
