/** @file Opens a folder or an archive of images as a tree of files. */

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { DataError } from "../errors.js";
import { ArchiveTree } from "./archive-tree.js";
import type { FileTree } from "./file-tree.js";
import { FolderTree } from "./folder-tree.js";

/**
 * Opens a folder, or a `.tar`, `.tar.gz` or `.tgz` archive (recognized by content, read without unpacking).
 *
 * @throws {DataError} if nothing is there.
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
          `or "mnist" for the embedded digits; the task \`download\` fetches cifar10 or imagenette.`,
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
