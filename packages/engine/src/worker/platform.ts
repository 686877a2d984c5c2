/** @file Browsers and whatever resembles them. The worker is found beside this file, also after bundling. */

import { workerFailed } from "../errors.js";
import type { Endpoint, Platform, WorkerEndpoint } from "../platform.js";

export const platform: Platform = {
  enableRelaxedSimd() {},
  prefersWorker: "document" in globalThis,
  hardwareThreads: globalThis.navigator?.hardwareConcurrency ?? 1,
  // Bundlers recognise exactly this expression.
  startWorker: () => connect(new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "subbyte" })),
  parent: () => endpoint(globalThis as unknown as DedicatedWorkerGlobalScope),
  open: (source, signal) => fetch(source, signal === undefined ? {} : { signal }),
};

function endpoint(scope: Worker | DedicatedWorkerGlobalScope): Endpoint {
  return {
    post: (message, transfer = []) => scope.postMessage(message, [...transfer]),
    listen: (receive) => {
      scope.addEventListener("message", (event) => receive((event as MessageEvent).data));
    },
  };
}

function connect(worker: Worker): WorkerEndpoint {
  return {
    ...endpoint(worker),
    onFailure: (failed) => {
      worker.addEventListener("error", ({ message }) =>
        failed(
          workerFailed(message || "the worker's script did not load: missing, or against the page's security policy"),
        ),
      );
      worker.addEventListener("messageerror", () => failed(workerFailed("a message of the worker could not be read")));
    },
    keepAlive() {},
    terminate: () => worker.terminate(),
  };
}
