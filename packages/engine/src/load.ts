/** @file Loads a model. */

import { platform } from "#platform";
import { defaultMaxBytes } from "./format/check.js";
import { readSbq } from "./format/reader.js";
import type { ModelInfo, TierName } from "./host/host.js";
import { modelInfo } from "./host/info.js";
import { startHost } from "./host/start.js";
import { createModel, type Model } from "./model.js";
import { type DownloadProgress, type ModelSource, readSource } from "./source.js";

export interface LoadOptions {
  /** `"auto"`, the default, is the fastest of this machine; all give the same bits. */
  readonly tier?: TierName | "auto";
  /** Threads that compute, 1 by default. */
  readonly threads?: number;
  /** How threads share the work: `"images"` gives each of them a whole image at a time, in a worker of its own. */
  readonly parallel?: "images";
  /** Whether a worker computes. Default: where the calling thread paints a page, or there is more than one thread. */
  readonly worker?: boolean;
  /** Most bytes that file and model may take. Default 1 GiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/**
 * Fetches a `.sbq` file, checks it, lays it out, and runs it once, so that the first answer is as fast as the others.
 *
 * @throws {LoadError} where the file cannot be fetched.
 * @throws {FormatError} where it is damaged, hostile or too large.
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  const { maxBytes = defaultMaxBytes, signal, onProgress, tier = "auto" } = options;
  const threads = options.threads ?? 1;
  const worker = options.worker ?? (platform.prefersWorker || threads > 1);
  const file = await readSource(source, { maxBytes, signal, onProgress });
  const started = await startHost(file, { tier, maxBytes, threads, worker });
  if (signal?.aborted) started.host.dispose();
  signal?.throwIfAborted();
  return createModel(started, worker && started.fallback === undefined ? "worker" : "caller");
}

/**
 * What a file says of its model, and the memory that it will take, without loading it.
 * @throws {FormatError} where the file is damaged, hostile or too large.
 */
export function inspect(
  file: Uint8Array,
  { maxBytes = defaultMaxBytes }: Pick<LoadOptions, "maxBytes"> = {},
): ModelInfo {
  return modelInfo(readSbq(file, { maxBytes }));
}
