/** @file A folder on disk as a FileTree. */

import { createHash } from "node:crypto";
import { readdirSync, type Stats, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../errors.js";
import { type FileTree, isHidden, type TreeFile, type TreeListing } from "./file-tree.js";

/** Deep enough for every data set, and an end for links that lead in circles. */
const MAX_DEPTH = 8;

interface FoundFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export class FolderTree implements FileTree {
  #found: { files: FoundFile[]; folders: string[] } | undefined;

  constructor(
    readonly location: string,
    private readonly root: string,
  ) {}

  async identity(): Promise<string> {
    const hash = createHash("sha256").update(this.root);
    for (const { path, sizeBytes, modifiedMs } of this.#walk().files)
      hash.update(`\0${path}\0${sizeBytes}\0${modifiedMs}`);
    return `folder ${hash.digest("hex")}`;
  }

  async list(): Promise<TreeListing> {
    const { files, folders } = this.#walk();
    return { files: files.map((file) => file.path), folders };
  }

  async *read(wanted: ReadonlySet<string>): AsyncIterable<TreeFile> {
    for (const { path } of this.#walk().files) {
      if (!wanted.has(path)) continue;
      const bytes = await readFile(join(this.root, path)).catch((error: Error) => {
        throw new DataError(`"${join(this.location, path)}" cannot be read: ${error.message}`, { cause: error });
      });
      yield { path, bytes };
    }
  }

  /** Walks once, in the order of names. Links are followed, broken ones ignored. */
  #walk() {
    if (this.#found !== undefined) return this.#found;
    const found = { files: [] as FoundFile[], folders: [] as string[] };
    const visit = (folder: string, depth: number) => {
      for (const name of this.#names(folder)) {
        if (isHidden(name)) continue;
        const path = folder === "" ? name : `${folder}/${name}`;
        const status = statusOf(join(this.root, path));
        if (status?.isFile()) {
          found.files.push({ path, sizeBytes: status.size, modifiedMs: status.mtimeMs });
        } else if (status?.isDirectory() && depth < MAX_DEPTH) {
          found.folders.push(path);
          visit(path, depth + 1);
        }
      }
    };
    visit("", 1);
    this.#found = found;
    return found;
  }

  #names(folder: string): string[] {
    try {
      return readdirSync(join(this.root, folder)).sort();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DataError(`the folder "${join(this.location, folder)}" cannot be read: ${reason}`, { cause: error });
    }
  }
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined; // A broken link, or a file that went away since the folder was listed.
  }
}
