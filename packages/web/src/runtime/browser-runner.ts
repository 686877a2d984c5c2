/** @file A `.sbq` in this browser, by the engine, in workers of its own. */

import { load, supportedTier, type TierName } from "@subbyte/engine";
import type { CatalogModel } from "../catalog/types.js";
import { ranked } from "./predictions.js";
import type { DownloadState, Runner } from "./runner.js";
import { fetchModel } from "./store.js";
import { timed } from "./timed.js";

const tierNames = { scalar: "no SIMD", simd: "SIMD", relaxed: "relaxed SIMD" } as const;

/** Threads for one model: memory must be shared for more than one, and more than four bring little to networks this small. */
export const threadsHere = (): number => (crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency ?? 1) : 1);

/** What the engine finds in this browser; `"scalar"` where there is no SIMD. */
export function tierHere(): TierName {
  try {
    return supportedTier();
  } catch {
    return "scalar";
  }
}

export interface StartOptions {
  readonly onProgress: (state: DownloadState) => void;
  readonly again?: boolean;
  readonly signal?: AbortSignal;
}

/** @throws {Error} where the file cannot be fetched, is damaged or too large */
export async function startBrowserRunner(model: CatalogModel, options: StartOptions): Promise<Runner> {
  const { bytes, cached, milliseconds } = await fetchModel(model, options.onProgress, options);
  const begun = performance.now();
  const loaded = await load(bytes, { threads: threadsHere(), ...(options.signal ? { signal: options.signal } : {}) });
  const coldMs = performance.now() - begun;
  const { threads, tier, labels, probabilities, preprocessing } = loaded;
  return {
    preprocessing,
    readiness: {
      downloadMs: milliseconds,
      cached,
      coldMs,
      how: `${tierNames[tier]}, ${threads === 1 ? "1 thread" : `${threads} threads`}`,
    },
    async classify({ prepared }, { repeat = false } = {}) {
      const { value, milliseconds } = await timed(() => loaded.run(prepared.bytes), repeat);
      return { top: ranked(value, labels, probabilities), logits: value, computeMs: milliseconds };
    },
    dispose: () => loaded.dispose(),
  };
}
