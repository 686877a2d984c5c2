/**
 * @file Converts learned parameters into scales, steps, biases on their grid and codes, and builds the graph with
 * them.
 */

import { float32, type Graph, type Tensor } from "@subbyte/graph";
import { biasCodes, biasValues } from "../biases.js";
import { withTensors } from "../fake-quant.js";
import { storedScaleNames } from "../ranges.js";
import { smallestWeightScale } from "../scales.js";
import type { LearnedGraph, LearnedLayer } from "./learned-graph.js";
import { hardCodes, weightsOf } from "./rounding.js";

type State = ReadonlyMap<string, Tensor>;

const values = (state: State, name: string): Float32Array => state.get(name)!.data as Float32Array;

/** Reads the learned values of one part. */
export class LearnedValues {
  readonly #scaleNames: ReadonlyMap<string, string>;

  constructor(
    readonly graph: Graph,
    readonly learned: LearnedGraph,
  ) {
    this.#scaleNames = storedScaleNames(graph);
  }

  /** The feeds that round every bias to its grid. */
  biasDeltas(state: State): Readonly<Record<string, Tensor>> {
    const steps = this.#steps(state);
    const deltas: Record<string, Tensor> = {};
    for (const layer of this.learned.layers) {
      if (layer.biasDelta === undefined) continue;
      const bias = this.#bias(state, layer);
      const onGrid = this.#onGrid(state, steps, layer, bias);
      deltas[layer.biasDelta] = float32(onGrid.map((value, c) => value - bias[c]!));
    }
    return deltas;
  }

  /** The whole graph with chosen codes, biases on their grid, and all learned scales. */
  harden(state: State): Graph {
    const tensors = new Map<string, Tensor>();
    const steps = this.#steps(state);
    for (const [name, scale] of steps) tensors.set(name, float32([scale], []));
    for (const layer of this.learned.layers) {
      const codes =
        layer.rounding === undefined ? layer.codes : hardCodes(layer.codes, state.get(layer.rounding)!, layer.weight);
      const scales = this.#scales(state, steps, layer);
      tensors.set(layer.weight.scale, float32(scales));
      tensors.set(layer.weight.input, weightsOf(codes, scales));
      const biasName = layer.node.inputs[2];
      if (biasName) tensors.set(biasName, float32(this.#onGrid(state, steps, layer, this.#bias(state, layer))));
    }
    return withTensors(this.graph, tensors);
  }

  /** Activation scales by the names of their constants. */
  #steps(state: State): ReadonlyMap<string, number> {
    return new Map(
      this.learned.steps.map(({ fakeQuant, scale, parameter }) => [
        fakeQuant.scale,
        Math.fround(scale * Math.exp(values(state, parameter)[0]!)),
      ]),
    );
  }

  /** Weight scales, large enough that each bias has a code. */
  #scales(state: State, steps: ReadonlyMap<string, number>, layer: LearnedLayer): Float32Array {
    if (layer.scale === undefined) return layer.scales;
    const logarithms = values(state, layer.scale);
    const inputScale = this.#inputScale(steps, layer);
    const bias = layer.biasDelta === undefined ? undefined : this.#bias(state, layer);
    return layer.scales.map((scale, c) =>
      Math.max(scale * Math.exp(logarithms[c]!), bias ? smallestWeightScale(bias[c]!, inputScale, false) : 0),
    );
  }

  #bias(state: State, layer: LearnedLayer): Float32Array {
    return layer.bias === undefined
      ? (this.graph.tensors.get(layer.node.inputs[2]!)!.data as Float32Array)
      : values(state, layer.bias);
  }

  #onGrid(state: State, steps: ReadonlyMap<string, number>, layer: LearnedLayer, bias: Float32Array): Float32Array {
    const inputScale = this.#inputScale(steps, layer);
    const scales = this.#scales(state, steps, layer);
    return biasValues(biasCodes(layer.node, bias, inputScale, scales), inputScale, scales);
  }

  #inputScale(steps: ReadonlyMap<string, number>, layer: LearnedLayer): number {
    const name = this.#scaleNames.get(layer.node.inputs[0]!)!;
    return steps.get(name) ?? (this.graph.tensors.get(name)!.data as Float32Array)[0]!;
  }
}
