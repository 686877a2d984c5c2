/**
 * @file Packing of weights at load. Kernels do it, because JavaScript that V8 has not optimized yet would take most of the load
 * time.
 */

import type { FilterSums, LaneBounds } from "./bounds.js";
import type { FilterOperator } from "./choose.js";
import { roundUp } from "./placement.js";
import { filterLength, Staging } from "./staging.js";
import type { Filter, Window } from "./window.js";

/** Bytes of weights in one step of a block. */
export const stepBytes = 32;

/** Packed weights in memory: blocks × steps × 32 bytes; for Winograd each block has 16 or 36 positions of `steps` steps. */
export interface Packed {
  readonly address: number;
  readonly blocks: number;
  readonly blockPitch: number;
  readonly steps: number;
}

export interface PackedWinograd extends Packed {
  /** For byte kernels: int32[outputs][16], Σ over inputs of U. */
  readonly totals: Int32Array;
  /** For byte kernels: the largest |U|. If it is above 127, the packed bytes are saturated and useless. */
  readonly largest: number;
}

/** The order of a block of eight depthwise filters, in bytes. */
export interface TapOrder {
  /** Place of each tap of the first channel. */
  readonly places: readonly number[];
  /** Distance of the next channel. */
  readonly channelPitch: number;
  readonly elementBytes: 1 | 2;
  readonly blockPitch: number;
}

/** The starts of a layer's int16 sums. */
export interface Starts {
  /** Address of int16[groups][pieces][16]. */
  readonly initial: number;
  /** int32[groups][8 channels]: sums of the starts over pieces and halves. */
  readonly added: Int32Array;
}

export type WeightForm = "Bytes" | "Words" | "Pairs";

export class Packer extends Staging {
  sums(filter: Filter): FilterSums {
    const { outputs } = filter;
    const sums = this.temporary(4 * outputs);
    const magnitudes = this.temporary(4 * outputs);
    const range = this.temporary(32);
    const length = filterLength(filter);
    let lowest = 0;
    let highest = 0;
    this.forParts((codes, first, end) => {
      const [from, at] = [codes + first * length, 4 * first];
      const task = { codes: from, outputs: end - first, length, sums: sums + at, magnitudes: magnitudes + at, range };
      this.run("filterSums", "FilterSumsTask", task);
      const extremes = new Int8Array(this.constants.memory.buffer, range, 32);
      for (let i = 0; i < 16; i++) {
        lowest = Math.min(lowest, extremes[i]!);
        highest = Math.max(highest, extremes[16 + i]!);
      }
    });
    const { buffer } = this.constants.memory;
    return {
      sums: new Int32Array(buffer, sums, outputs).slice(),
      magnitudes: new Int32Array(buffer, magnitudes, outputs).slice(),
      lowest,
      highest,
    };
  }

  /**
   * Bias with the zero point of the input folded in (rule 3), and multipliers (rule 5).
   * @param sums  of the filters
   * @param input  the input's quantization, with its largest code
   */
  fold(
    { bias, weights }: Pick<FilterOperator, "bias" | "weights">,
    sums: FilterSums,
    input: { readonly scale: number; readonly zeroPoint: number; readonly highest: number },
    outputScale: number,
  ) {
    const { memory } = this.constants;
    const outputs = bias.length;
    const before = this.end;
    const [biasAt, sumsAt, magnitudesAt, scalesAt] = [0, 1, 2, 3].map(() => this.temporary(4 * outputs)) as [
      number,
      number,
      number,
      number,
    ];
    const integers = (at: number) => new Int32Array(memory.buffer, at, outputs);
    integers(biasAt).set(bias);
    integers(sumsAt).set(sums.sums);
    integers(magnitudesAt).set(sums.magnitudes);
    new Float32Array(memory.buffer, scalesAt, outputs).set(weights.scales);
    const isBounded = this.run("fold", "FoldTask", {
      outputs,
      bias: biasAt,
      sums: sumsAt,
      magnitudes: magnitudesAt,
      zeroPoint: input.zeroPoint,
      highest: input.highest,
      scales: scalesAt,
      inputScale: input.scale,
      outputScale,
    });
    this.end = before;
    // The record may have made memory grow, which detaches views.
    const multipliers = new Float32Array(memory.buffer, scalesAt, outputs).slice();
    return { bias: integers(biasAt).slice(), multipliers, isBounded: isBounded === 1 };
  }

  /**
   * Puts multipliers and biases in the order of epilogues.
   * @param biases  int32[phases][outputs]
   * @returns its address
   */
  parameters(multipliers: Float32Array, factor: number, biases: Int32Array): number {
    const constants = this.constants;
    const outputs = multipliers.length;
    const phases = biases.length / outputs;
    const target = constants.reserve(roundUp(outputs, 8) * 4 * (1 + phases));
    const before = this.end;
    const multipliersAt = this.temporary(4 * outputs);
    const biasesAt = this.temporary(4 * biases.length);
    new Float32Array(constants.memory.buffer, multipliersAt).set(multipliers);
    new Int32Array(constants.memory.buffer, biasesAt).set(biases);
    const fields = { outputs, multipliers: multipliersAt, factor, biases: biasesAt, phases, target };
    this.run("parameters", "ParametersTask", fields);
    this.end = before;
    return target;
  }

  pack(filter: Filter, window: Window, blockInputs: number, form: WeightForm, fieldBits = 0): Packed {
    const { outputs, inputs, kernel, groups } = filter;
    const steps = window.rowOffsets.length * window.rowSteps;
    const blocks = window.blockChannels.length;
    const blockPitch = steps * stepBytes;
    const target = this.constants.reserve(blocks * blockPitch);
    const fields = {
      inputs,
      taps: kernel[0] * kernel[1],
      groupOutputs: outputs / groups,
      blockInputs,
      rows: window.rowOffsets.length,
      rowTaps: window.rowTaps,
      stride: window.stride,
      span: window.span,
      rowElements: (window.rowSteps * 4) / (form === "Bytes" ? 1 : 2),
      fieldBits,
      target,
      blockPitch,
    };
    this.forParts((codes, firstOutput, end) =>
      this.run(`pack${form}`, "PackTask", { ...fields, codes, firstOutput, outputs: end }),
    );
    return { address: target, blocks, blockPitch, steps };
  }

  /** Packs depthwise filters in blocks of eight channels. */
  packTaps({ outputs }: Filter, order: TapOrder): Omit<Packed, "steps"> {
    const { places, channelPitch, elementBytes, blockPitch } = order;
    const blocks = roundUp(outputs, 8) / 8;
    const target = this.constants.reserve(blocks * blockPitch);
    const before = this.end;
    const placesAt = this.temporary(4 * places.length);
    new Int32Array(this.constants.memory.buffer, placesAt).set(places);
    this.run("packTaps", "PackTapsTask", {
      codes: this.unpack(0),
      channels: outputs,
      taps: places.length,
      places: placesAt,
      channelPitch,
      elementBytes,
      target,
      blockPitch,
    });
    this.end = before;
    return { address: target, blocks, blockPitch };
  }

  /** Packs filters for F(2×2, 3×3) as bytes or int16, or for F(4×4, 3×3). */
  packWinograd({ outputs, inputs }: Filter, form: "Bytes" | "Words" | "4Words"): PackedWinograd {
    const steps = Math.ceil(inputs / (form === "Bytes" ? 4 : 2));
    const positions = form === "4Words" ? 36 : 16;
    const blocks = roundUp(outputs, 8) / 8;
    const positionPitch = steps * stepBytes;
    const target = this.constants.reserve(blocks * positions * positionPitch);
    const totals = this.temporary(64 * outputs);
    const largest = this.temporary(16);
    const step = this.temporary(positions * stepBytes + 9 * 16);
    const fields = { codes: this.unpack(0), outputs, inputs, target, positionPitch, totals, largest, step };
    this.run(`packWinograd${form}`, "PackWinogradTask", fields);
    const { buffer } = this.constants.memory;
    return {
      address: target,
      blocks,
      blockPitch: positions * positionPitch,
      steps,
      totals: new Int32Array(buffer, totals, 16 * outputs).slice(),
      largest: Math.max(...new Int16Array(buffer, largest, 8)),
    };
  }

  /**
   * Ends of the longest pieces of a sum within which no lane exceeds its bounds, in steps; empty if a single step would.
   * @param groups  number of consecutive sums of `steps` steps
   */
  cut({ address, blocks, blockPitch, steps }: Packed, bounds: LaneBounds): readonly number[] {
    const groups = (blocks * blockPitch) / (steps * stepBytes);
    const before = this.end;
    const state = this.temporary(64 * groups);
    const cuts = this.temporary(4 * steps);
    const fields = { weights: address, groups, steps, ...bounds, state, cuts };
    const count = this.run("cut", "CutTask", fields);
    this.end = before;
    return [...new Int32Array(this.constants.memory.buffer, cuts, count)];
  }

  /**
   * Starts of int16 lanes that centre their range in each piece, and the amount that they add to the sum of each channel of
   * each group.
   * @param highest  largest activation
   */
  centre({ address, blocks, blockPitch, steps }: Packed, cuts: readonly number[], highest: number): Starts {
    const constants = this.constants;
    const groups = (blocks * blockPitch) / (steps * stepBytes);
    const initial = constants.reserve(groups * cuts.length * stepBytes);
    const fields = {
      weights: address,
      groups,
      steps,
      cuts: constants.integers(cuts),
      pieces: cuts.length,
      highest,
      initial,
    };
    this.kernels.centre(constants.task("CentreTask", fields));
    const starts = new Int16Array(constants.memory.buffer, initial, groups * cuts.length * 16);
    const added = new Int32Array(groups * 8);
    const perGroup = 16 * cuts.length;
    for (let i = 0; i < starts.length; i++) added[8 * Math.floor(i / perGroup) + ((i & 15) >> 1)]! += starts[i]!;
    return { initial, added };
  }
}
