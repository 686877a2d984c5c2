/** @file Where a model computes: on the calling thread (`Session`), in a worker (`RemoteHost`), or in several (`HostPool`). */

import type { Picture } from "../image/picture.js";
import type { Fit } from "../preprocess/preprocess.js";
import type { Preprocessing, Probabilities, Provenance } from "../program/program.js";
import type { KernelName, Tier } from "../wasm/modules.js";

/** `"scalar"` is the reference in TypeScript. It is slow, and defines the result that all kernels must equal, bit for bit. */
export type TierName = "scalar" | Tier;

/** The description of a model, from its file. */
export interface ModelInfo {
  readonly name: string;
  readonly classes: number;
  readonly labels?: readonly string[];
  /** Whether classes exclude each other, or each is decided independently. */
  readonly probabilities: Probabilities;
  /** `[C, H, W]` of the network's input. */
  readonly inputShape: readonly [number, number, number];
  readonly preprocessing: Preprocessing;
  readonly provenance: Provenance;
  readonly operators: number;
  /** Multiply-adds per image. */
  readonly multiplyAdds: number;
  readonly weights: number;
  /** Mean bit width of the weights. */
  readonly weightBits: number;
  /**
   * Most bytes that the model takes in addition to its file: weights in the order of the kernels, activations, tables.
   */
  readonly peakBytes: number;
}

/** How a loaded model runs. */
export interface HostState {
  readonly info: ModelInfo;
  readonly tier: TierName;
  readonly threads: number;
  /** The reason for fewer threads than requested; absent if all run. */
  readonly fallback?: string;
}

/** Time and kernels of one operator. */
export interface LayerProfile {
  /** Index of the operator; −1 is the conversion of bytes to codes. */
  readonly operator: number;
  readonly name: string;
  /** Kernels that ran, in order; none in the scalar tier. */
  readonly kernels: readonly KernelName[];
  /** Steps of the inner loop between two flushes of narrow sums; absent if there are none. */
  readonly flush?: number;
  /** Shortest time of one image. */
  readonly milliseconds: number;
  /** Multiply-adds per image. */
  readonly multiplyAdds: number;
  /** 10⁹ multiply-adds per second; 0 if there are none. */
  readonly gmacPerSecond: number;
}

/** Inputs at the network's size: bytes `[count, H, W, C]`, or real values `[count, C, H, W]` after normalization. */
export type Tensor = Uint8Array | Float32Array;

export interface Host {
  /** The present state; it changes if threads die. */
  readonly state: HostState;
  /** Logits `[count, classes]`; rejects with the signal's reason if it fires. */
  run(input: Tensor, signal?: AbortSignal): Promise<Float32Array>;
  /** Logits of one picture of any size; with `fit: "exact"`, of the network's size only. */
  runPicture(picture: Picture, fit: Fit, signal?: AbortSignal): Promise<Float32Array>;
  profile(runs: number): Promise<LayerProfile[]>;
  /** Frees the memory; calls that still wait are refused. */
  dispose(): void;
}

export interface HostOptions {
  readonly tier: TierName | "auto";
  /** Number of threads that work on one image together, if memory can be shared. */
  readonly threads: number;
  readonly maxBytes: number;
}
