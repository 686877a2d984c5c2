/** @file The platform of browsers and similar environments. The worker's file is beside this file, also after bundling. */

import type { Platform } from "../platform.js";
import { connect, endpoint, fetchSource, noFlags } from "./endpoint.js";

export const platform: Platform = {
  enableRelaxedSimd() {},
  enableWideVectors: () => noFlags,
  prefersWorker: "document" in globalThis,
  hardwareThreads: globalThis.navigator?.hardwareConcurrency ?? 1,
  // Bundlers recognise exactly this expression.
  startWorker: () => connect(new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "subbyte" })),
  parent: () => endpoint(globalThis as unknown as DedicatedWorkerGlobalScope),
  open: fetchSource,
};
