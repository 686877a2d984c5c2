/**
 * @file Weight scales by the error of the layer's output. Rounding a channel's weights w to ŵ changes its output by (w − ŵ)·x.
 * Over sampled inputs x, the mean square of that is (w − ŵ)ᵀ H (w − ŵ) with H = Σ x·xᵀ. Errors of weights whose inputs rise and
 * fall together add up or cancel, which an error of the weights alone does not show. If there are fewer samples than weights of
 * a channel, the samples themselves are the smaller matrix: Σ ((w − ŵ)·x)².
 *
 * Source of the criterion: Nagel et al. 2020, AdaRound, arXiv:2004.10568, §3, where it is used for rounding; here it only
 * chooses scales.
 */

import { float32, GraphBuilder } from "@subbyte/graph";
import { createSession, type Session, type SessionOptions } from "../../runtime/session.js";
import { codeRange, type QuantGrid } from "../fake-quant.js";
import type { PatchSampler } from "./layer-inputs.js";

/** Candidates, as percentages of the scale at which the largest weight becomes the highest code. */
const CANDIDATES = Array.from({ length: 81 }, (_, i) => 30 + i);
/**
 * With more weights per channel than this, only every fifth candidate is tried, because each takes longer; ResNet-50 has up to
 * 4,608.
 */
const COARSE_FROM = 1152;
/** Largest number of elements of candidate errors that are computed together. */
const CHUNK = 2 ** 22;

/** Squared errors of the output, one per row of `[rows, size]` rounding errors. */
type OutputErrors = (errors: Float32Array) => Promise<Float32Array>;

/** Computes scales for one layer after the other. */
export class OutputErrorSearch {
  readonly #sessions: Promise<readonly [products: Session, quadratic: Session, projected: Session]>;

  constructor(options: SessionOptions) {
    this.#sessions = Promise.all(
      [gramGraph(), quadraticGraph(), projectedGraph()].map((graph) => createSession(graph, options)),
    ) as Promise<[Session, Session, Session]>;
  }

  /**
   * @param weights `[channels, size]` row-major
   * @returns positive float32 scales; 1 for a channel of zeros
   */
  async scales(
    weights: Float32Array,
    channels: number,
    grid: Pick<QuantGrid, "bits" | "narrow">,
    inputs: PatchSampler,
  ): Promise<Float32Array> {
    const { size, groups } = inputs;
    const scales = new Float32Array(channels);
    const perGroup = channels / groups;
    for (let g = 0; g < groups; g++) {
      const outputErrors = await this.#outputErrors(inputs, g);
      const rows = weights.subarray(g * perGroup * size, (g + 1) * perGroup * size);
      scales.set(await this.#groupScales(rows, size, grid, outputErrors), g * perGroup);
    }
    return scales;
  }

  async release(): Promise<void> {
    for (const session of await this.#sessions) await session.release();
  }

  async #groupScales(
    weights: Float32Array,
    size: number,
    grid: Pick<QuantGrid, "bits" | "narrow">,
    outputErrors: OutputErrors,
  ): Promise<Float32Array> {
    const channels = weights.length / size;
    const { min, max } = codeRange({ ...grid, signed: true });
    const percents = size > COARSE_FROM ? CANDIDATES.filter((percent) => percent % 5 === 0) : CANDIDATES;
    const result = new Float32Array(channels);
    const atOnce = Math.max(1, Math.floor(CHUNK / (percents.length * size)));
    for (let first = 0; first < channels; first += atOnce) {
      const last = Math.min(channels, first + atOnce);
      const errors = new Float32Array((last - first) * percents.length * size);
      const candidates = new Float32Array((last - first) * percents.length);
      for (let c = first, row = 0; c < last; c++) {
        const w = weights.subarray(c * size, (c + 1) * size);
        let largest = 0;
        for (let i = 0; i < size; i++) largest = Math.max(largest, Math.abs(w[i]!));
        for (const percent of percents) {
          const scale = Math.fround((largest * percent) / (100 * max)) || 1;
          candidates[row] = scale;
          roundingErrors(w, scale, min, max, errors.subarray(row * size, (row + 1) * size));
          row++;
        }
      }
      const total = await outputErrors(errors);
      for (let c = first; c < last; c++) {
        let best = (c - first) * percents.length;
        for (let i = best; i < (c - first + 1) * percents.length; i++) if (total[i]! <= total[best]!) best = i;
        result[c] = candidates[best]!;
      }
    }
    return result;
  }

  async #outputErrors(inputs: PatchSampler, group: number): Promise<OutputErrors> {
    const { size, rows } = inputs;
    if (size <= SMALL || rows >= size) {
      const moments = await this.#moments(inputs, group);
      return (errors) => this.#quadratic(errors, size, moments);
    }
    const [, , projected] = await this.#sessions;
    const x = float32(inputs.group(group), [rows, size]);
    return async (errors) =>
      (await projected.run({ e: float32(errors, [errors.length / size, size]), x })).total!.data as Float32Array;
  }

  /** H of one group, `[size, size]`. */
  async #moments(inputs: PatchSampler, group: number): Promise<Float32Array> {
    const { size, rows } = inputs;
    const x = inputs.group(group);
    if (size > SMALL) {
      const [products] = await this.#sessions;
      return (await products.run({ x: float32(x, [rows, size]) })).h!.data as Float32Array;
    }
    const h = new Float32Array(size * size);
    for (let r = 0; r < rows; r++)
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) h[i * size + j]! += x[r * size + i]! * x[r * size + j]!;
    return h;
  }

  /** eᵀ H e of every row e. */
  async #quadratic(errors: Float32Array, size: number, moments: Float32Array): Promise<Float32Array> {
    const rows = errors.length / size;
    if (size > SMALL) {
      const [, quadratic] = await this.#sessions;
      const feeds = { e: float32(errors, [rows, size]), h: float32(moments, [size, size]) };
      return (await quadratic.run(feeds)).total!.data as Float32Array;
    }
    const total = new Float32Array(rows);
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) sum += errors[r * size + i]! * moments[i * size + j]! * errors[r * size + j]!;
      total[r] = sum;
    }
    return total;
  }
}

/**
 * Up to this size, plain loops are faster than a call of ONNX Runtime; depthwise convolutions have thousands of such groups.
 */
const SMALL = 32;

function roundingErrors(w: Float32Array, scale: number, min: number, max: number, errors: Float32Array): void {
  const inverse = 1 / scale;
  for (let i = 0; i < w.length; i++) {
    let q = Math.round(w[i]! * inverse);
    q = q < min ? min : q > max ? max : q;
    errors[i] = w[i]! - scale * q;
  }
}

function gramGraph() {
  const b = new GraphBuilder("input moments");
  const x = b.input("x", "float32", ["rows", "size"]);
  b.output(b.op("MatMul", [b.op("Transpose", [x], { perm: [1, 0] }), x], {}, { outputs: ["h"] }));
  return b.build();
}

function quadraticGraph() {
  const b = new GraphBuilder("output errors");
  const e = b.input("e", "float32", ["rows", "size"]);
  const h = b.input("h", "float32", ["size", "size"]);
  const products = b.op("Mul", [b.op("MatMul", [e, h]), e]);
  b.output(b.op("ReduceSum", [products, b.ints([1])], { keepdims: 0 }, { outputs: ["total"] }));
  return b.build();
}

function projectedGraph() {
  const b = new GraphBuilder("output errors of samples");
  const e = b.input("e", "float32", ["rows", "size"]);
  const x = b.input("x", "float32", ["samples", "size"]);
  const outputs = b.op("MatMul", [e, b.op("Transpose", [x], { perm: [1, 0] })]);
  b.output(b.op("ReduceSum", [b.op("Mul", [outputs, outputs]), b.ints([1])], { keepdims: 0 }, { outputs: ["total"] }));
  return b.build();
}
