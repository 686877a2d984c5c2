/** @file Chooses and starts the host of a model. */

import type { Host, HostOptions } from "./host.js";
import { HostPool } from "./pool.js";
import { startWorkers } from "./remote-host.js";
import { Session } from "./session.js";

export interface StartOptions extends HostOptions {
  readonly worker: boolean;
  /** Whether all threads work on one image together, or each on an image of its own. */
  readonly parallel: "tiles" | "images";
}

export interface Started {
  readonly host: Host;
  readonly runsOn: "worker" | "caller";
  /** The reason for no worker, or for fewer workers than requested. */
  readonly fallback?: Error;
}

/** @throws {FormatError} if the file is damaged, hostile or too large */
export async function startHost(file: Uint8Array, options: StartOptions): Promise<Started> {
  const { worker, parallel, threads, tier, maxBytes } = options;
  const oneEach = parallel === "images";
  const hostOptions = { tier, maxBytes, threads: oneEach ? 1 : threads };
  if (!worker) return { host: await Session.open(file, hostOptions), runsOn: "caller" };
  const { workers, failure } = await startWorkers(oneEach ? threads : 1);
  const fallback = failure === undefined ? {} : { fallback: failure };
  if (workers.length === 0) return { host: await Session.open(file, hostOptions), runsOn: "caller", ...fallback };
  try {
    await Promise.all(workers.map((host) => host.open(file, hostOptions)));
  } catch (error) {
    for (const host of workers) host.dispose();
    throw error;
  }
  return { host: workers.length === 1 ? workers[0]! : new HostPool(workers), runsOn: "worker", ...fallback };
}
