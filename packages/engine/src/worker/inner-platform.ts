/**
 * @file The browser's platform in the worker's own script, where the build puts it in the place of `platform.ts`. A script that
 * names its own file as a worker's makes bundlers follow a circle: they ship everything twice, lose the address of the helper, or
 * never end. The address of the running script is known without them.
 */

import type { Platform } from "../platform.js";
import { connect, endpoint, fetchSource, noFlags } from "./endpoint.js";

/** Some bundlers make classic scripts of module workers; a classic one can import scripts, even none. */
function scriptType(): WorkerType {
  try {
    (globalThis as unknown as { importScripts(): void }).importScripts();
    return "classic";
  } catch {
    return "module";
  }
}

export const platform: Platform = {
  enableRelaxedSimd() {},
  enableWideVectors: () => noFlags,
  prefersWorker: false,
  hardwareThreads: globalThis.navigator?.hardwareConcurrency ?? 1,
  startWorker: () => connect(new Worker(globalThis.location.href, { type: scriptType(), name: "subbyte" })),
  parent: () => endpoint(globalThis as unknown as DedicatedWorkerGlobalScope),
  open: fetchSource,
};
