/**
 * @file A tar archive, compressed or not, as a FileTree. It is read as a stream each time and never unpacked to disk, so paths
 * inside it cannot do harm.
 */

import { createReadStream, type Stats } from "node:fs";
import { Parser, type ReadEntry } from "tar";
import { DataError } from "../errors.js";
import { type FileTree, isHidden, type TreeFile, type TreeListing, versionOf } from "./file-tree.js";
import { isImageFile } from "./image-formats.js";

const READ_BYTES = 256 * 1024;
/** Largest size of a file in an archive, in bytes; a file is read into memory as a whole. */
const MAX_ENTRY_BYTES = 2 ** 28;

export class ArchiveTree implements FileTree {
  #listing: TreeListing | undefined;

  constructor(
    readonly location: string,
    private readonly path: string,
    private readonly status: Stats,
  ) {}

  async identity(): Promise<string> {
    return `archive ${this.path} ${versionOf(this.status)}`;
  }

  async list(): Promise<TreeListing> {
    if (this.#listing !== undefined) return this.#listing;
    const files: string[] = [];
    const folders = new Set<string>();
    const leftOut: string[] = [];
    const ignored = this.#entries((entry, path) => {
      if (entry.type === "Directory") folders.add(path);
      else if (isFile(entry)) files.push(path);
      else leftOut.push(`${path} (${entry.type})`);
      return false;
    });
    for await (const _ of ignored);
    for (const file of files)
      for (let end = file.lastIndexOf("/"); end > 0; end = file.lastIndexOf("/", end - 1)) {
        if (folders.has(file.slice(0, end))) break;
        folders.add(file.slice(0, end));
      }
    this.#listing = { files: [...new Set(files)].sort(), folders: [...folders].sort(), leftOut };
    return this.#listing;
  }

  read(wanted: ReadonlySet<string>): AsyncIterable<TreeFile> {
    return this.#entries((entry, path) => isFile(entry) && wanted.has(path));
  }

  /** Yields the entries for which `want` returns true, with their bytes. */
  async *#entries(want: (entry: ReadEntry, path: string) => boolean): AsyncIterable<TreeFile> {
    let complete: TreeFile[] = [];
    let failure: Error | undefined;
    const onReadEntry = (entry: ReadEntry) => {
      const path = normalized(entry.path);
      const chunks: Buffer[] = [];
      const wanted = path !== "" && !isHidden(path) && want(entry, path);
      if (entry.size > MAX_ENTRY_BYTES && (wanted || isImageFile(path)))
        failure ??= new DataError(
          "images-too-large",
          { source: this.location, file: path, found: entry.size, expected: MAX_ENTRY_BYTES },
          `"${path}" in "${this.location}" takes ${entry.size} bytes, but an image may take at most ${MAX_ENTRY_BYTES}. Remove it from ` +
            "the archive.",
        );
      if (wanted && failure === undefined) {
        entry.on("data", (chunk: Buffer) => chunks.push(chunk));
        entry.on("end", () => complete.push({ path, bytes: Buffer.concat(chunks) }));
      } else entry.resume();
    };
    const parser = new Parser({ strict: true, onReadEntry, maxDecompressionRatio: Number.POSITIVE_INFINITY });
    const finished = new Promise<void>((resolve) => {
      parser.on("end", resolve);
      parser.on("error", (error: Error) => {
        failure ??= error;
        resolve();
      });
    });
    const stream = createReadStream(this.path, { highWaterMark: READ_BYTES });
    try {
      // The parser works synchronously in write(): when it returns, every entry that the chunk completes is there.
      for await (const chunk of stream) {
        parser.write(chunk as Buffer);
        if (failure !== undefined) break;
        yield* complete;
        complete = [];
      }
    } catch (error) {
      throw this.#unreadable(error);
    }
    if (failure === undefined) {
      parser.end();
      await finished;
    }
    if (failure !== undefined) throw this.#unreadable(failure);
    yield* complete;
  }

  #unreadable(error: unknown): Error {
    if (error instanceof DataError) return error;
    const { message, code } = error as NodeJS.ErrnoException;
    const truncated = code === "Z_BUF_ERROR" || /unexpected end|truncated/i.test(message);
    return new DataError(
      "data-damaged",
      { file: this.location, reason: truncated ? "truncated" : message },
      truncated
        ? `the archive "${this.location}" ends in the middle (${this.status.size} bytes): it was not downloaded or copied ` +
            "completely. Fetch it again."
        : `"${this.location}" cannot be read as a tar archive (${message}): it is damaged, or not a ` +
            ".tar, .tar.gz or .tgz file. Fetch it again, or give the folder of images itself.",
      { cause: error },
    );
  }
}

const isFile = (entry: ReadEntry) => /^(Old|Contiguous)?File$/.test(entry.type);

/** "./train/cat/" → "train/cat" */
function normalized(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}
