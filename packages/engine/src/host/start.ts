/** @file Chooses and starts the host of a model. */

import { RemoteHost } from "../worker/remote-host.js";
import type { Host, HostOptions } from "./host.js";
import { HostPool } from "./pool.js";
import { Session } from "./session.js";

export interface StartOptions extends HostOptions {
  /** Workers with one image each; 1 for a single one. */
  readonly threads: number;
  readonly worker: boolean;
}

export interface Started {
  readonly host: Host;
  /** Set where the calling thread computes although a worker was wanted. */
  readonly fallback?: Error;
}

/**
 * @param file  belongs to the host from now on
 * @throws {FormatError}
 */
export async function startHost(file: Uint8Array, options: StartOptions): Promise<Started> {
  const { threads, worker, ...hostOptions } = options;
  if (!worker) return { host: await Session.open(file, hostOptions) };
  const starts = await Promise.allSettled(Array.from({ length: threads }, () => RemoteHost.start()));
  const hosts = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  if (hosts.length === 0) {
    const fallback = (starts[0] as PromiseRejectedResult).reason as Error;
    return { host: await Session.open(file, hostOptions), fallback };
  }
  try {
    await Promise.all(hosts.map((host) => host.open(file, hostOptions)));
  } catch (error) {
    for (const host of hosts) host.dispose();
    throw error;
  }
  return { host: hosts.length === 1 ? hosts[0]! : new HostPool(hosts) };
}
