/** @file A folder or a tar archive seen as the same thing: a list of paths, and the bytes of those that are wanted. */

import type { Stats } from "node:fs";

/** Everything in a tree, by paths relative to its root with "/" between the parts. */
export interface TreeListing {
  readonly files: readonly string[];
  /** Folders, empty ones too. */
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
  /** Changes whenever a file in the tree changes: its place, size, inode, or the times of its last modification and status change. */
  identity(): Promise<string>;
  list(): Promise<TreeListing>;
  /** The wanted files, in the order that is cheapest to read. */
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
