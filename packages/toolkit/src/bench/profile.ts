/** @file Measures the time of one image, layer by layer. */

import { type LayerProfile, load, type TierName } from "@subbyte/engine";
import { type NetworkChoice, networkKey } from "./comparison.js";
import { benchNetwork } from "./network.js";
import { quantizedFile } from "./quantized.js";

/** Times of all operators of one network. */
export interface NetworkProfile {
  /** Such as `"resnet18-224"`. */
  readonly network: string;
  readonly bits: number;
  readonly tier: TierName;
  readonly layers: readonly LayerProfile[];
}

/**
 * Times each operator of a network on the engine.
 *
 * @param options.runs runs per operator, of which the shortest is reported
 */
export async function profileEngine(
  choice: NetworkChoice,
  options: {
    readonly bits: readonly number[];
    readonly tiers: readonly (TierName | "auto")[];
    readonly runs: number;
    readonly seed: number;
  },
): Promise<NetworkProfile[]> {
  const { bits, tiers, runs, seed } = options;
  const network = await benchNetwork(choice.architecture, choice.size, { seed });
  const profiles: NetworkProfile[] = [];
  for (const each of bits) {
    const file = await quantizedFile(network, each);
    for (const tier of tiers) {
      const model = await load(file, { tier, worker: false });
      profiles.push({ network: networkKey(choice), bits: each, tier: model.tier, layers: await model.profile(runs) });
      model.dispose();
    }
  }
  return profiles;
}
