/** @file A common interface to folders and tar archives: a list of paths, and the bytes of wanted files. */

import type { Stats } from "node:fs";

/** Everything in a tree, by paths relative to its root with "/" between the parts. */
export interface TreeListing {
  readonly files: readonly string[];
  /** Folders, including empty ones. */
  readonly folders: readonly string[];
  /**
   * Files and folders that were left out, with the reason: broken links, names that are not UTF-8, folders too
   * deep.
   */
  readonly leftOut: readonly string[];
}

export interface TreeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface FileTree {
  /** The path as the user gave it, for messages. */
  readonly location: string;
  /**
   * A text that changes whenever a file in the tree changes its place, size, inode, or the time of its last modification or
   * status change.
   */
  identity(): Promise<string>;
  list(): Promise<TreeListing>;
  /** Yields the wanted files, in the order that is fastest to read. */
  read(wanted: ReadonlySet<string>): AsyncIterable<TreeFile>;
}

/** Whether an operating system put the file into a folder or archive: `.DS_Store`, `._photo.jpg`, `__MACOSX/`. */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}

/**
 * A value that changes whenever a file is written, even if its size and modification time are restored, because the
 * time of the last status change cannot be set.
 */
export const versionOf = ({ size, mtimeMs, ctimeMs, ino }: Stats): string => `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
