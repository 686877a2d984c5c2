/** @file A folder on disk as a FileTree. */

import { createHash } from "node:crypto";
import { readdirSync, type Stats, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../errors.js";
import { type FileTree, isHidden, type TreeFile, type TreeListing, versionOf } from "./file-tree.js";

/** Deepest level of folders that is read; enough for every data set. */
const MAX_DEPTH = 8;
/** Largest number of files, more than any data set of images has; links that lead in circles reach this limit. */
const MAX_FILES = 5_000_000;

interface FoundFile {
  readonly path: string;
  readonly version: string;
}

interface Found {
  readonly files: FoundFile[];
  readonly folders: string[];
  readonly leftOut: string[];
}

export class FolderTree implements FileTree {
  #found: Found | undefined;

  constructor(
    readonly location: string,
    private readonly root: string,
  ) {}

  async identity(): Promise<string> {
    const hash = createHash("sha256").update(this.root);
    for (const { path, version } of this.#walk().files) hash.update(`\0${path}\0${version}`);
    return `folder ${hash.digest("hex")}`;
  }

  async list(): Promise<TreeListing> {
    const { files, folders, leftOut } = this.#walk();
    return { files: files.map((file) => file.path), folders, leftOut };
  }

  async *read(wanted: ReadonlySet<string>): AsyncIterable<TreeFile> {
    for (const { path } of this.#walk().files) {
      if (!wanted.has(path)) continue;
      const bytes = await readFile(join(this.root, path)).catch((error: Error) => {
        throw new DataError(
          "file-unreadable",
          { file: join(this.location, path), reason: error.message },
          `"${join(this.location, path)}" cannot be read: ${error.message}`,
          { cause: error },
        );
      });
      yield { path, bytes };
    }
  }

  /** Lists the folder once, in the order of names. Links are followed, but not into a folder that contains them. */
  #walk(): Found {
    if (this.#found !== undefined) return this.#found;
    const found: Found = { files: [], folders: [], leftOut: [] };
    const visit = (folder: string, above: readonly string[]) => {
      for (const name of this.#names(folder, found.leftOut)) {
        if (isHidden(name)) continue;
        const path = folder === "" ? name : `${folder}/${name}`;
        const status = statusOf(join(this.root, path));
        if (status === undefined) found.leftOut.push(`${path} (a broken link)`);
        else if (status.isFile()) found.files.push({ path, version: versionOf(status) });
        else if (!status.isDirectory()) found.leftOut.push(`${path} (not a file)`);
        else if (above.includes(placeOf(status))) found.leftOut.push(`${path} (a link to a folder that it lies in)`);
        else if (above.length >= MAX_DEPTH) found.leftOut.push(`${path} (more than ${MAX_DEPTH} folders deep)`);
        else {
          found.folders.push(path);
          visit(path, [...above, placeOf(status)]);
        }
        if (found.files.length + found.folders.length > MAX_FILES)
          throw new DataError(
            "images-too-large",
            { source: this.location, found: found.files.length, expected: MAX_FILES },
            `"${this.location}" has more than ${MAX_FILES} files and folders. Give a folder that holds only the images.`,
          );
      }
    };
    const root = statusOf(this.root);
    visit("", root === undefined ? [] : [placeOf(root)]);
    this.#found = found;
    return found;
  }

  /** Names in a folder, sorted. Names that are not UTF-8 are left out, because no path can express them. */
  #names(folder: string, leftOut: string[]): string[] {
    try {
      const names: string[] = [];
      for (const bytes of readdirSync(join(this.root, folder), { encoding: "buffer" })) {
        const name = bytes.toString("utf8");
        if (Buffer.from(name).equals(bytes)) names.push(name);
        else leftOut.push(`${folder === "" ? "" : `${folder}/`}${name} (the name is not UTF-8)`);
      }
      return names.sort();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DataError(
        "file-unreadable",
        { file: join(this.location, folder), reason },
        `the folder "${join(this.location, folder)}" cannot be read: ${reason}`,
        { cause: error },
      );
    }
  }
}

/** A text that is the same for all paths to a folder. */
const placeOf = ({ dev, ino }: Stats): string => `${dev} ${ino}`;

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined; // A broken link, or a file that went away since the folder was listed.
  }
}
