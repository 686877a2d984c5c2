/** @file The trained parameters of a graph, and the treatment of each. */

import type { Graph, Node, Tensor } from "@subbyte/graph";
import { parameterNames, statisticsNames } from "../models/index.js";

/** A trainable constant of the graph. */
export interface Parameter {
  readonly name: string;
  readonly tensor: Tensor;
  /** A FakeQuant's learnable scale, in contrast to a weight, bias, or batch-norm vector. */
  readonly isScale: boolean;
  /** A FakeQuant's learnable zero point. */
  readonly isZeroPoint: boolean;
}

/** How one parameter is trained. */
export interface ParameterTreatment {
  /** Factor of the run's learning rate; 1 by default. */
  readonly learningRate?: number;
  /**
   * Weight decay. By default that of the run for tensors of two or more dimensions, 0 for vectors (biases, batch norm, scales).
   */
  readonly weightDecay?: number;
  /** Factor of the gradient, before any clipping; 1 by default. LSQ gives each scale 1/√(n·qmax). */
  readonly gradientScale?: number;
  /** Limits of the value after an update. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** Updates the logarithm of a positive value, such as a scale; see `StepParameter`. */
  readonly logarithmic?: boolean;
}

/** Chooses the treatment of a parameter; `"frozen"` keeps it unchanged. */
export type TreatParameter = (parameter: Parameter) => ParameterTreatment | "frozen";

/**
 * The trained parameters in the order of first use: weights, biases, batch-norm scales and shifts, also if a FakeQuant
 * is between them and their layer; and the scales and zero points of learnable FakeQuant nodes.
 */
export function trainableParameters(graph: Graph): Parameter[] {
  const learned = (attribute: string, input: number) => {
    const nodes = fakeQuants(graph).filter(({ attributes }) => Number(attributes[attribute] ?? 0) > 0);
    return [...new Set(nodes.map(({ inputs }) => inputs[input]!))].filter((name) => graph.tensors.has(name));
  };
  const parameter =
    (kind: Partial<Pick<Parameter, "isScale" | "isZeroPoint">>) =>
    (name: string): Parameter => ({
      name,
      tensor: graph.tensors.get(name)!,
      isScale: false,
      isZeroPoint: false,
      ...kind,
    });
  return [
    ...weightNames(graph).map(parameter({})),
    ...learned("learnable", 1).map(parameter({ isScale: true })),
    ...learned("learnableZeroPoint", 2).map(parameter({ isZeroPoint: true })),
  ];
}

/** All tensors that training may have changed: parameters, running statistics, scales and zero points. */
export function modelTensors(graph: Graph): Map<string, Tensor> {
  const quantizers = fakeQuants(graph).flatMap(({ inputs }) => inputs.slice(1));
  const names = new Set([...weightNames(graph), ...statisticsNames(graph), ...quantizers]);
  return new Map([...graph.tensors].filter(([name]) => names.has(name)));
}

const fakeQuants = (graph: Graph): Node[] => graph.nodes.filter(({ op }) => op === "FakeQuant");

/** The names of `parameterNames`, also of weights behind a FakeQuant. */
function weightNames(graph: Graph): string[] {
  const source = new Map<string, string>();
  for (const { inputs, outputs } of fakeQuants(graph)) source.set(outputs[0]!, source.get(inputs[0]!) ?? inputs[0]!);
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((value) => source.get(value) ?? value),
  }));
  return parameterNames({ ...graph, nodes });
}

/** A parameter with its complete treatment. */
export interface TrainedParameter extends Parameter, Required<Omit<ParameterTreatment, "minimum" | "maximum">> {
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/** The parameters that are not frozen, each with its treatment. */
export function treatedParameters(
  graph: Graph,
  weightDecay: number,
  treat: TreatParameter = () => ({}),
): TrainedParameter[] {
  return trainableParameters(graph).flatMap((parameter) => {
    const treatment = treat(parameter);
    if (treatment === "frozen") return [];
    return [
      {
        ...parameter,
        learningRate: treatment.learningRate ?? 1,
        weightDecay: treatment.weightDecay ?? (parameter.tensor.shape.length >= 2 ? weightDecay : 0),
        gradientScale: treatment.gradientScale ?? 1,
        minimum: treatment.minimum,
        maximum: treatment.maximum,
        logarithmic: treatment.logarithmic ?? false,
      },
    ];
  });
}
