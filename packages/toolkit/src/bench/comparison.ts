/** @file The names of the runtimes that are compared, and the keys under which ratios are published. */

import type { TierName } from "@subbyte/engine";
import type { Stem } from "../models/architecture.js";

/** Our engine on the network at `bits` bits. */
export interface OwnContestant {
  readonly kind: "own";
  readonly bits: number;
  /** `"auto"` is the fastest tier of the machine. */
  readonly tier: TierName | "auto";
  readonly threads: number;
}

/**
 * The precisions in which each other runtime runs the network: ONNX Runtime on the web and in Node, LiteRT.js,
 * TensorFlow.js on WebAssembly.
 */
const peerPrecisions = {
  "ort-web": ["float32", "int8"],
  "ort-node": ["float32", "int8"],
  litert: ["float32", "int8"],
  tfjs: ["float32"],
} as const;

/** Another runtime on the same network. */
export interface PeerContestant {
  readonly kind: "peer";
  readonly runtime: keyof typeof peerPrecisions;
  readonly precision: "float32" | "int8";
  readonly threads: number;
}

export type ContestantSpec = OwnContestant | PeerContestant;

/**
 * The name of a contestant, such as `own-w4a4`, `own-w4a4-simd`, `own-w4a4-2t`, `ort-web-int8` or `litert-float32`. The tier is
 * in the name unless it is `"auto"`.
 */
export function contestantName(spec: ContestantSpec): string {
  if (spec.kind === "peer") return `${spec.runtime}-${spec.precision}`;
  const tier = spec.tier === "auto" ? "" : `-${spec.tier}`;
  const threads = spec.threads === 1 ? "" : `-${spec.threads}t`;
  return `own-w${spec.bits}a${spec.bits}${tier}${threads}`;
}

/** A built-in architecture at an image size. */
export interface NetworkChoice {
  readonly architecture: string;
  /** First layers of the network; by default the architecture's first stem. */
  readonly stem?: Stem;
  readonly size: number;
}

/** The key of a network, such as `resnet18-224` or `resnet18-cifar-32`. */
export const networkKey = ({ architecture, stem, size }: NetworkChoice): string =>
  [architecture, ...(stem === undefined ? [] : [stem]), size].join("-");

/** The networks that are measured if none are named. */
export const benchNetworks: readonly NetworkChoice[] = [
  { architecture: "resnet18", size: 224 },
  { architecture: "resnet50", size: 224 },
  { architecture: "mobilenet_v2", size: 224 },
  { architecture: "resnet20", size: 32 },
];

/** One race: one of our networks against one contestant. */
export interface Comparison {
  readonly network: NetworkChoice;
  readonly ours: OwnContestant;
  readonly against: ContestantSpec;
}

/**
 * The key of a comparison, such as `resnet18-224-w4a4-simd/ort-web-int8`, `resnet18-224-w2a2/own-w4a4` or
 * `resnet18-224-w4a4-2t/own-1t`.
 */
export function comparisonKey({ network, ours, against }: Comparison): string {
  const variant = contestantName(ours).replace("own-", "");
  const other =
    against.kind === "own" && against.threads !== ours.threads ? `own-${against.threads}t` : contestantName(against);
  return `${networkKey(network)}-${variant}/${other}`;
}

/** The networks, bit widths, tiers and other runtimes that are compared. */
export interface ComparisonOptions {
  readonly networks: readonly NetworkChoice[];
  /** Bit widths of weights and activations. */
  readonly bits: readonly number[];
  readonly tiers: readonly OwnContestant["tier"][];
  readonly threads: number;
  /**
   * Also measures the gain of this number of threads, if `threads` is 1: at the usual bit width on the fastest tier, without
   * other runtimes.
   */
  readonly scaleTo?: number;
  readonly runtimes: readonly PeerContestant["runtime"][];
  /** Keeps only comparisons whose key contains one of these texts. */
  readonly only?: readonly string[];
}

/** Smaller bit widths are compared with this one; the gain by threads is measured only at this one. */
const USUAL_BITS = 4;

/** Lists the comparisons: every network × bit width × tier with all other runtimes, 2 bits with 4, several threads with one. */
export function comparisons(options: ComparisonOptions): Comparison[] {
  const { networks, bits, tiers, threads, scaleTo = 1, runtimes, only } = options;
  const found = networks.flatMap((network) => [
    ...tiers.flatMap((tier) =>
      bits.flatMap((own) => {
        const ours: OwnContestant = { kind: "own", bits: own, tier, threads };
        const against: ContestantSpec[] = runtimes.flatMap((runtime) =>
          peerPrecisions[runtime].map((precision) => ({ kind: "peer", runtime, precision, threads }) as const),
        );
        if (own < USUAL_BITS && bits.includes(USUAL_BITS)) against.push({ ...ours, bits: USUAL_BITS });
        if (threads > 1) against.push({ ...ours, threads: 1 });
        return against.map((other): Comparison => ({ network, ours, against: other }));
      }),
    ),
    ...(threads === 1 && scaleTo > 1 && bits.includes(USUAL_BITS) ? [gainByThreads(network, tiers[0]!, scaleTo)] : []),
  ]);
  if (only === undefined) return found;
  return found.filter((comparison) => only.some((part) => comparisonKey(comparison).includes(part)));
}

function gainByThreads(network: NetworkChoice, tier: OwnContestant["tier"], threads: number): Comparison {
  const alone: OwnContestant = { kind: "own", bits: USUAL_BITS, tier, threads: 1 };
  return { network, ours: { ...alone, threads }, against: alone };
}

/** The contestants of some comparisons, each listed once. */
export function contestantsOf(list: readonly Comparison[]): ContestantSpec[] {
  const specs = list.flatMap(({ ours, against }) => [ours, against]);
  return [...new Map(specs.map((spec) => [contestantName(spec), spec])).values()];
}
