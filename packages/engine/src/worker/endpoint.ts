/** @file Both ends of a browser's worker. */

import { workerFailed } from "../errors.js";
import type { Endpoint, Platform, WorkerEndpoint } from "../platform.js";

export function endpoint(scope: Worker | DedicatedWorkerGlobalScope): Endpoint {
  return {
    post: (message, transfer = []) => scope.postMessage(message, [...transfer]),
    listen: (receive) => {
      scope.addEventListener("message", (event) => receive((event as MessageEvent).data));
    },
  };
}

export function connect(worker: Worker): WorkerEndpoint {
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

/** The reason why a page cannot have wide vectors. */
export const noFlags = "a page cannot set the flags of its browser";

export const fetchSource: Platform["open"] = (source, signal) => fetch(source, signal === undefined ? {} : { signal });
