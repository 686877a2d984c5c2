/**
 * @file The browser platform for the worker's own script; the build replaces `platform.ts` by it. If a script names its own
 * file as a worker, bundlers follow a cycle: they ship everything twice, lose the address of the helper, or never end. This
 * file avoids that, because a running script knows its own address.
 */

import type { Platform } from "../platform.js";
import { connect, endpoint, fetchSource, noFlags } from "./endpoint.js";

/**
 * The type of this script: some bundlers turn module workers into classic scripts. Only a classic script may call
 * importScripts, even without arguments.
 */
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
