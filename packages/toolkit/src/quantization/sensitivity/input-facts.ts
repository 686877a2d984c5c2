/** @file Measures how well the grid of a layer's input fits the values of that input. */

import type { Graph, Tensor } from "@subbyte/graph";
import { codeRange, type FakeQuant } from "../fake-quant.js";
import { ActivationObserver } from "../ranges/histogram.js";
import type { LayerFacts } from "./causes.js";
import { type Distribution, distributionOf } from "./distribution.js";
import { inputGrid } from "./layers.js";
import { ratioToMedian } from "./ratio-to-median.js";

/**
 * Measures the share of clipped values, unused codes, outlying channels and a histogram, batch by batch, in constant memory.
 */
export class InputFacts {
  readonly #scale: number;
  readonly #min: number;
  readonly #max: number;
  readonly #used: Uint8Array;
  readonly #observer = new ActivationObserver(true);
  #clipped = 0;
  #count = 0;
  #channelMax: Float64Array | undefined;

  constructor(graph: Graph, fq: FakeQuant) {
    const { scale, zeroPoint } = inputGrid(graph, fq);
    const { min, max } = codeRange(fq);
    this.#scale = scale;
    this.#min = min - zeroPoint;
    this.#max = max - zeroPoint;
    this.#used = new Uint8Array(max - min + 1);
  }

  /** @param tensor float32 `[n, c, h, w]` or `[n, c]` */
  add({ shape, data }: Tensor): void {
    const [images, channels] = shape as readonly [number, number];
    const inner = data.length / (images * channels);
    const inverse = 1 / this.#scale;
    this.#channelMax ??= new Float64Array(channels);
    for (let i = 0; i < data.length; i++) {
      const x = data[i] as number;
      const q = Math.round(x * inverse);
      if (q < this.#min || q > this.#max) this.#clipped++;
      this.#used[Math.min(this.#max, Math.max(this.#min, q)) - this.#min] = 1;
      const c = Math.floor(i / inner) % channels;
      if (Math.abs(x) > this.#channelMax[c]!) this.#channelMax[c] = Math.abs(x);
    }
    this.#count += data.length;
    this.#observer.add(data as Float32Array);
  }

  facts(): Pick<LayerFacts, "clippedShare" | "unusedInputCodes" | "deadInputs" | "outlierChannel" | "outlierRatio"> {
    const maxima = this.#channelMax ?? new Float64Array(1);
    const largest = maxima.indexOf(Math.max(...maxima));
    return {
      clippedShare: this.#clipped / Math.max(1, this.#count),
      unusedInputCodes: this.#used.filter((used) => used === 0).length,
      deadInputs: maxima.filter((max) => max === 0).length,
      outlierChannel: largest,
      outlierRatio: ratioToMedian(maxima, maxima[largest]!),
    };
  }

  /** Distribution of the real values in the float network. */
  distribution(): Distribution {
    const range = [this.#min * this.#scale, this.#max * this.#scale] as const;
    return distributionOf(this.#observer, range, this.#used.length);
  }
}
