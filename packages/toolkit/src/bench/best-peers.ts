/** @file Finds the fastest of the other runtimes. Statements about our speed compare with it. */

import { type Comparison, comparisonKey, contestantName, networkKey, type PeerContestant } from "./comparison.js";

/** The fastest peer of one precision on one network. */
export interface BestPeer {
  /** Such as `"mobilenet_v2-224"`. */
  readonly network: string;
  /** Such as `"own-w4a4"`. */
  readonly ours: string;
  readonly precision: PeerContestant["precision"];
  /** Such as `"litert-int8"`. */
  readonly peer: string;
  /** Our speed divided by that of the peer. */
  readonly ratio: number;
  /** The ratio of processor times, if it was measured; it then decides which peer is the fastest. */
  readonly cpuRatio?: number;
}

type Ratios = Readonly<Record<string, number>>;

/** @param ratios of speed, by comparison; above 1, ours is faster */
export function bestPeers(list: readonly Comparison[], ratios: Ratios, cpuRatios: Ratios = {}): BestPeer[] {
  const best = new Map<string, BestPeer>();
  for (const comparison of list) {
    const { network, ours, against } = comparison;
    if (against.kind !== "peer") continue;
    const key = comparisonKey(comparison);
    const cpuRatio = cpuRatios[key];
    const candidate: BestPeer = {
      network: networkKey(network),
      ours: contestantName(ours),
      precision: against.precision,
      peer: contestantName(against),
      ratio: ratios[key]!,
      ...(cpuRatio === undefined ? {} : { cpuRatio }),
    };
    const place = [candidate.network, candidate.ours, candidate.precision].join();
    const leader = best.get(place);
    if (leader === undefined || decisive(candidate) < decisive(leader)) best.set(place, candidate);
  }
  return [...best.values()];
}

const decisive = ({ ratio, cpuRatio }: BestPeer): number => cpuRatio ?? ratio;
