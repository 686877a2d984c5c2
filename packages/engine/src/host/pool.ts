/**
 * @file Several workers with the same model. Images of a batch, and concurrent calls, go to the least busy worker. If a worker
 * dies, another one does its work.
 */

import { workerFailed } from "../errors.js";
import type { Picture } from "../image/picture.js";
import { elementCount } from "../operators/definition.js";
import type { Fit } from "../preprocess/preprocess.js";
import type { Host, HostState, LayerProfile, Tensor } from "./host.js";
import type { RemoteHost } from "./remote-host.js";

export class HostPool implements Host {
  readonly #hosts: readonly RemoteHost[];
  readonly #first: HostState;

  /** @param hosts  all with the model open */
  constructor(hosts: readonly RemoteHost[]) {
    this.#hosts = hosts;
    const { info, ...state } = hosts[0]!.state;
    this.#first = { ...state, info: { ...info, peakBytes: info.peakBytes * hosts.length } };
  }

  get state(): HostState {
    const alive = this.#alive();
    const reason = this.#hosts.find(({ ended }) => ended !== undefined)?.ended?.message;
    return { ...this.#first, threads: alive.length, ...(reason === undefined ? {} : { fallback: reason }) };
  }

  async run(input: Tensor, signal?: AbortSignal): Promise<Float32Array> {
    const size = elementCount(this.#first.info.inputShape);
    const count = Math.ceil(input.length / size);
    const threads = Math.max(1, this.#alive().length);
    const share = Math.ceil(count / threads) * size;
    // An input that is not a whole number of images goes unchanged to one host, which refuses it.
    if (input.length % size !== 0 || count <= 1) return this.#do((host) => host.run(input, signal));
    const parts = Array.from({ length: threads }, (_, i) => input.subarray(i * share, (i + 1) * share));
    const filled = parts.filter(({ length }) => length > 0);
    return concatenate(await Promise.all(filled.map((part) => this.#do((host) => host.run(part, signal)))));
  }

  runPicture(picture: Picture, fit: Fit, signal?: AbortSignal): Promise<Float32Array> {
    return this.#do((host) => host.runPicture(picture, fit, signal));
  }

  profile(runs: number): Promise<LayerProfile[]> {
    return this.#do((host) => host.profile(runs));
  }

  dispose(): void {
    for (const host of this.#hosts) host.dispose();
  }

  #alive(): readonly RemoteHost[] {
    return this.#hosts.filter(({ ended }) => ended === undefined);
  }

  async #do<T>(work: (host: RemoteHost) => Promise<T>): Promise<T> {
    for (;;) {
      const alive = this.#alive();
      if (alive.length === 0) throw this.#hosts[0]!.ended ?? workerFailed("all workers of the model ended");
      const host = alive.reduce((best, other) => (other.load < best.load ? other : best));
      try {
        return await work(host);
      } catch (error) {
        if (host.ended === undefined) throw error;
      }
    }
  }
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
