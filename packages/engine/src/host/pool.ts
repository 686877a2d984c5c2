/** @file Several workers with the same model: images of a batch, and calls that come at once, go to the least busy one. */

import type { Picture } from "../image/picture.js";
import { elementCount } from "../operators/definition.js";
import type { Host, HostState, LayerProfile, Tensor } from "./host.js";
import type { RemoteHost } from "./remote-host.js";

export class HostPool implements Host {
  readonly state: HostState;
  readonly #hosts: readonly RemoteHost[];

  /** @param hosts  all with the model open */
  constructor(hosts: readonly RemoteHost[]) {
    this.#hosts = hosts;
    const { info, tier } = hosts[0]!.state;
    this.state = { info: { ...info, peakBytes: info.peakBytes * hosts.length }, tier, threads: hosts.length };
  }

  async run(input: Tensor): Promise<Float32Array> {
    const size = elementCount(this.state.info.inputShape);
    const count = Math.ceil(input.length / size);
    const share = Math.ceil(count / this.#hosts.length) * size;
    // An input of no whole number of images goes to one host as it is, and is refused there.
    if (input.length % size !== 0 || count <= 1) return this.#leastBusy().run(input);
    const parts = this.#hosts
      .map((host, i) => ({ host, part: input.subarray(i * share, (i + 1) * share) }))
      .filter(({ part }) => part.length > 0);
    return concatenate(await Promise.all(parts.map(({ host, part }) => host.run(part))));
  }

  runPicture(picture: Picture): Promise<Float32Array> {
    return this.#leastBusy().runPicture(picture);
  }

  profile(runs: number): Promise<LayerProfile[]> {
    return this.#leastBusy().profile(runs);
  }

  dispose(): void {
    for (const host of this.#hosts) host.dispose();
  }

  #leastBusy(): RemoteHost {
    return this.#hosts.reduce((best, host) => (host.load < best.load ? host : best));
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
