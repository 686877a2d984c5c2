/** @file The task `inspect`: lists the contents of a model file, operator by operator. */

import { inspect, type Operator, operatorMultiplyAdds, type Program, type TensorId } from "@subbyte/engine";
import { elementCount, type Graph, inferTypes } from "@subbyte/graph";
import { defined } from "../defined.js";
import { type FloatModel, type ImageDescription, modelBytes } from "../model-file/index.js";
import { countParameters, multiplyAddsOfNodes, parameterNames } from "../models/index.js";
import { explainer, type PassExplanation } from "./explain.js";
import { asIntegers, openTaskModel } from "./model.js";
import { writePolicyTemplate } from "./policy-template.js";
import { prepareImages } from "./preprocessing.js";
import { defineTask } from "./run.js";

/** One operator of a float network. */
export interface FloatOperator {
  readonly name: string;
  readonly op: string;
  /** Shape of the output without the batch. Symbolic sizes are names. */
  readonly shape: readonly (number | string)[];
  /** Number of parameters that this node is the first to read. */
  readonly parameters: number;
  /** Multiply-adds per image. */
  readonly multiplyAdds: number;
}

/** One operator of a quantized network. */
export interface IntegerOperator {
  readonly name: string;
  readonly op: string;
  readonly shape: readonly number[];
  /** Number of weights and biases. */
  readonly parameters: number;
  /** Bit width of the weights. */
  readonly weights?: number;
  /** Bit widths of the inputs. */
  readonly input: readonly number[];
  /** Bit width of the output; absent if it is float. */
  readonly output?: number;
  readonly multiplyAdds: number;
}

/** The contents of a float network. */
export interface FloatInspection {
  readonly path: string;
  readonly kind: "float";
  readonly bytes: number;
  readonly shape: readonly number[];
  readonly classes: number;
  /** Names of the classes, if the file has them. */
  readonly labels?: readonly string[];
  readonly parameters: number;
  readonly multiplyAdds: number;
  readonly description: ImageDescription | undefined;
  readonly nodes: number;
  readonly operators: readonly FloatOperator[];
  /** The effect of the pass that `explain` names. */
  readonly explanation?: PassExplanation;
  /** The policy file with the layers of the network; absent unless requested. */
  readonly policyTemplate?: string;
}

/** The contents of a quantized network. */
export interface IntegerInspection extends Pick<Program, "classes" | "preprocessing" | "provenance" | "labels"> {
  readonly path: string;
  readonly kind: "quantized";
  readonly bytes: number;
  readonly parameters: number;
  /** Mean bit width of the weights. */
  readonly weightBits: number;
  readonly multiplyAdds: number;
  /** Peak memory of the engine besides the file, in bytes. */
  readonly peakBytes: number;
  readonly operators: readonly IntegerOperator[];
  /** The effect of the pass that `explain` names, for a quantized ONNX file. */
  readonly explanation?: PassExplanation;
  /** The policy file with the layers of the network; absent unless requested. */
  readonly policyTemplate?: string;
}

/** Result of the task `inspect`; `kind` tells which. */
export type Inspection = FloatInspection | IntegerInspection;

/** The task `inspect`: operators, shapes, bit widths and sizes of a model file. */
export const inspectModel = defineTask("inspect", async (options, run): Promise<Inspection> => {
  const explained = options.explain === undefined ? undefined : explainer(options.explain);
  const opened = await openTaskModel(options.model, { ...options, ...defined({ onPass: explained?.onPass }) }, run);
  const explanation = explained?.explanationOf(opened);
  const model = asIntegers(opened, {});
  const { policyTemplate } = options;
  if (policyTemplate !== undefined) await writePolicyTemplate(policyTemplate, model);
  if (model.kind === "float") {
    if (model.shape[0] === 1 || model.shape[0] === 3) prepareImages(model, {}, run);
    return { ...inspectFloat(model), ...defined({ explanation, policyTemplate }) };
  }
  const { path, bytes, program } = model;
  const { weightBits, multiplyAdds, peakBytes } = inspect(bytes);
  const { classes, preprocessing, provenance, labels, operators } = program;
  return {
    path,
    kind: "quantized",
    bytes: bytes.length,
    classes,
    ...(labels === undefined ? {} : { labels }),
    preprocessing,
    provenance,
    parameters: operators.reduce((sum, operator) => sum + parametersOf(operator), 0),
    weightBits,
    multiplyAdds,
    peakBytes,
    operators: operators.map((operator) => integerOperator(program, operator)),
    ...defined({ explanation, policyTemplate }),
  };
});

function inspectFloat(model: FloatModel): FloatInspection {
  const { path, shape, classes, description, graph } = model;
  const operators = floatOperators(graph);
  return {
    path,
    kind: "float",
    bytes: modelBytes(model),
    shape,
    classes,
    ...defined({ labels: description?.labels }),
    parameters: countParameters(graph),
    multiplyAdds: operators.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
    description,
    nodes: graph.nodes.length,
    operators,
  };
}

function floatOperators(graph: Graph): readonly FloatOperator[] {
  const types = inferTypes(graph);
  const work = multiplyAddsOfNodes(graph);
  const unread = new Set(parameterNames(graph));
  return graph.nodes.map(({ name, op, inputs, outputs }, i) => {
    const own = inputs.filter((input) => unread.delete(input));
    return {
      name: name || outputs[0]!,
      op,
      shape: types.get(outputs[0]!)?.shape?.slice(1) ?? [],
      parameters: own.reduce((sum, input) => sum + elementCount(graph.tensors.get(input)!.shape), 0),
      multiplyAdds: work[i]!,
    };
  });
}

const parametersOf = (operator: Operator): number =>
  "weights" in operator ? operator.weights.shape.reduce((product, dim) => product * dim, 1) + operator.bias.length : 0;

function integerOperator(program: Program, operator: Operator): IntegerOperator {
  const bits = (id: TensorId) => program.tensors[id]!.bits;
  const inputs = "inputs" in operator ? operator.inputs : [operator.input];
  const output = "output" in operator ? operator.output : undefined;
  return {
    name: operator.name,
    op: operator.op,
    shape: output === undefined ? [program.classes] : program.tensors[output]!.shape,
    parameters: parametersOf(operator),
    ...("weights" in operator ? { weights: operator.weights.bits } : {}),
    input: inputs.map(bits),
    ...(output === undefined ? {} : { output: bits(output) }),
    multiplyAdds: operatorMultiplyAdds(program, operator),
  };
}
