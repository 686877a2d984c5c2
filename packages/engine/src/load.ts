/** @file Loads a model. */

import { platform } from "#platform";
import {
  abortSignal,
  aFunction,
  byteLimit,
  checkOptions,
  type Expectation,
  integerIn,
  oneOf,
  yesOrNo,
} from "./arguments.js";
import { noWideVectors } from "./errors.js";
import { readSbq } from "./format/reader.js";
import type { ModelInfo, TierName } from "./host/host.js";
import { modelInfo } from "./host/info.js";
import { startHost } from "./host/start.js";
import { bestTier } from "./host/tier.js";
import { createModel, type Model } from "./model.js";
import { defaultMaxBytes } from "./program/check.js";
import { type DownloadProgress, type ModelSource, readSource } from "./source.js";

/** Options of `load`. */
export interface LoadOptions {
  /** Instruction set. `"auto"`, the default, is the fastest of this machine; all give the same bits. */
  readonly tier?: TierName | "auto";
  /** Number of threads that compute, 1 by default. Any number gives the same bits. */
  readonly threads?: number;
  /**
   * How threads share the work. `"tiles"`, the default: all threads work on the same image, which needs shared memory;
   * a page that is not cross-origin isolated gets one thread. `"images"`: each thread takes one image, in a worker with
   * its own copy of the model.
   */
  readonly parallel?: "tiles" | "images";
  /**
   * Whether workers compute. By default they do if the calling thread displays a page, or if each thread takes an image of its
   * own.
   */
  readonly worker?: boolean;
  /**
   * Whether V8 may join pairs of 128-bit vectors to 256-bit vectors, by its flag `--experimental-wasm-revectorize`. This is
   * faster and gives the same bits. It is off by default, because V8 calls it experimental, and because a flag affects the
   * whole process and every WebAssembly module in it. It needs Node 24 or newer on x64 with AVX2; elsewhere `fallback` says why
   * it has no effect.
   */
  readonly wideVectors?: boolean;
  /** Most bytes that file and model may take together. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Stops the download; `load` then rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Called whenever bytes arrive. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** Limit of the option `threads`, above the number of threads of any machine. */
const mostThreads = 1024;

const loadOptions: { readonly [K in keyof Required<LoadOptions>]: Expectation } = {
  tier: oneOf("auto", "scalar", "simd", "relaxed", "fused"),
  threads: integerIn(1, mostThreads),
  parallel: oneOf("tiles", "images"),
  worker: yesOrNo,
  wideVectors: yesOrNo,
  maxBytes: byteLimit,
  signal: abortSignal,
  onProgress: aFunction,
};

/**
 * Fetches a `.sbq` file, checks it, lays it out in memory, and runs it once, so that the first answer is as fast as the others.
 *
 * @throws {LoadError} if the file cannot be fetched.
 * @throws {FormatError} if it is damaged, hostile or too large.
 * @throws {InputError} if an option is unknown or out of range.
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  checkOptions(options, loadOptions);
  const { maxBytes = defaultMaxBytes, signal, onProgress, tier = "auto", threads = 1, parallel = "tiles" } = options;
  const worker = options.worker ?? (platform.prefersWorker || (parallel === "images" && threads > 1));
  const file = await readSource(source, { maxBytes, signal, onProgress });
  const narrow = options.wideVectors ? platform.enableWideVectors() : undefined;
  const started = await startHost(file, { tier, maxBytes, threads, parallel, worker });
  if (signal?.aborted) started.host.dispose();
  signal?.throwIfAborted();
  return createModel(narrow === undefined ? started : { fallback: noWideVectors(narrow), ...started });
}

type InspectOptions = Pick<LoadOptions, "maxBytes" | "tier" | "threads" | "parallel">;

/**
 * Describes a model, and the memory that it takes if it is loaded with the same options, without loading it.
 * @throws {FormatError} if the file is damaged, hostile or too large.
 * @throws {InputError} if an option is unknown or out of range.
 */
export function inspect(file: Uint8Array, options: InspectOptions = {}): ModelInfo {
  const { maxBytes: bytes, tier: tiers, threads: numbers, parallel: ways } = loadOptions;
  checkOptions(options, { maxBytes: bytes, tier: tiers, threads: numbers, parallel: ways });
  const { maxBytes = defaultMaxBytes, tier = "auto", threads = 1, parallel = "tiles" } = options;
  const copies = parallel === "images" ? threads : 1;
  const info = modelInfo(readSbq(file, { maxBytes }), tier === "auto" ? bestTier() : tier, threads / copies);
  return { ...info, peakBytes: copies * info.peakBytes };
}
