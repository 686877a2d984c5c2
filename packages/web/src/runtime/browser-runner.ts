/** @file Runs a `.sbq` in this browser, on the engine, in its own workers. */

import { load, supportedTier, type TierName } from "@subbyte/engine";
import type { CatalogModel } from "../catalog/types.js";
import { ranked } from "./predictions.js";
import type { Answer, Runner, Subject } from "./runner.js";
import type { StartOptions } from "./start.js";
import { fetchModel } from "./store.js";
import { timed } from "./timed.js";

const tierNames = { scalar: "no SIMD", simd: "SIMD", relaxed: "relaxed SIMD", fused: "fused relaxed SIMD" } as const;

/**
 * Number of threads for one model. More than one needs shared memory, and more than four bring little for such small
 * networks.
 */
export const threadsHere = (): number => (crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency ?? 1) : 1);

/** The tier that the engine uses in this browser; `"scalar"` without SIMD. */
export function tierHere(): TierName {
  try {
    return supportedTier();
  } catch {
    return "scalar";
  }
}

/** @throws {Error} if the file cannot be fetched, is damaged or too large */
export async function startBrowserRunner(model: CatalogModel, options: StartOptions): Promise<Runner> {
  const { bytes, cached, milliseconds } = await fetchModel(model, options.onProgress, options);
  const begun = performance.now();
  const loaded = await load(bytes, {
    threads: options.threads ?? threadsHere(),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const coldMs = performance.now() - begun;
  const { threads, tier, labels, probabilities, preprocessing } = loaded;
  return {
    preprocessing,
    readiness: {
      downloadMs: milliseconds,
      cached,
      coldMs,
      peakBytes: loaded.peakBytes,
      how: `${tierNames[tier]}, ${threads === 1 ? "1 thread" : `${threads} threads`}`,
    },
    async classify({ prepared }, { repeat = false, signal } = {}) {
      const stop = signal === undefined ? {} : { signal };
      const { value, milliseconds } = await timed(() => loaded.run(prepared.bytes, stop), repeat);
      return { top: ranked(value, labels, probabilities), logits: value, computeMs: milliseconds };
    },
    ...(workersHere() === 1 ? {} : { classifyTogether: (subjects) => together(bytes, subjects) }),
    dispose: () => loaded.dispose(),
  };
}

/** Number of workers if each classifies its own pictures. They share no memory, so every page can have them. */
const workersHere = (): number => Math.min(4, navigator.hardwareConcurrency ?? 1);

/** Classifies pictures in several workers, each with its own copy of the model. The workers end afterwards. */
async function together(file: Uint8Array, subjects: readonly Subject[]): Promise<readonly Answer[]> {
  const each = subjects[0]!.prepared.bytes.length;
  const all = new Uint8Array(subjects.length * each);
  subjects.forEach(({ prepared }, i) => {
    all.set(prepared.bytes, i * each);
  });
  const model = await load(file, { threads: Math.min(workersHere(), subjects.length), parallel: "images" });
  try {
    const begun = performance.now();
    const logits = await model.run(all);
    const computeMs = (performance.now() - begun) / subjects.length;
    return subjects.map((_, i) => {
      const own = logits.slice(i * model.classes, (i + 1) * model.classes);
      return { top: ranked(own, model.labels, model.probabilities), logits: own, computeMs };
    });
  } finally {
    model.dispose();
  }
}
