/** @file The definition of an export format: what it writes, and which options are its own. */

import type { OpenedModel } from "../../model-file/index.js";
import type { TaskOptions } from "../../options/index.js";
import type { Run } from "../run.js";

/** Options of the task `export`. */
export type ExportOptions = TaskOptions<"export">;

/** A file that was written. */
export interface ExportedFile {
  /** Path of the network's file. */
  readonly model: string;
  /** Path of the file that was written. */
  readonly out: string;
  readonly bytes: number;
}

export interface Exporter {
  /** Options that only this format reads, and why others have no use for them. */
  readonly own: { readonly [Option in keyof ExportOptions]?: string };
  /** @throws {UsageError} if the format cannot hold a network of this kind */
  readonly write: (
    model: OpenedModel,
    options: ExportOptions,
    run: Run,
  ) => Promise<ExportedFile & { readonly format: ExportOptions["format"] }>;
}
