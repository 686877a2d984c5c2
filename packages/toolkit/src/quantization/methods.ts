/** @file The post-training methods by name; each maps a graph with FakeQuant nodes to one whose scales (and weights) are set. */

import type { Graph } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { type CalibrationInput, setRanges } from "./ranges.js";

export interface MethodOptions {
  readonly seed: number;
  readonly threads?: number;
  readonly onProgress?: (images: number) => void;
  readonly signal?: AbortSignal;
}

/** `(graph with FakeQuant nodes, calibration images, options) → the same graph, calibrated`. */
export type Method = (graph: Graph, calibration: CalibrationInput, options: MethodOptions) => Promise<Graph>;

export const methods: Readonly<Record<string, Method>> = {
  minmax: (graph, calibration, options) => setRanges(graph, calibration, { ...options, method: "minmax" }),
  mse: (graph, calibration, options) => setRanges(graph, calibration, { ...options, method: "mse" }),
};

/** @throws {UsageError} listing the methods there are */
export function methodByName(name: string): Method {
  const method = methods[name];
  if (!method)
    throw new UsageError(`--method ${name}: there is no such method; take one of ${Object.keys(methods).join(", ")}.`);
  return method;
}
