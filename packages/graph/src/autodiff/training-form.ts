/** @file The form in which a classifier is trained: it has a loss, and batch normalization uses the statistics of the batch. */

import { ModelError } from "../errors.js";
import { inferTypes } from "../inference/infer-types.js";
import { GraphBuilder } from "../ir/builder.js";
import { dimProduct } from "../ir/dims.js";
import type { Graph, Node } from "../ir/types.js";
import { freeName } from "./names.js";

/** The statistics that one batch normalization computes, for the running averages that evaluation uses. */
export interface BatchStatistics {
  /** Names of the running averages in the inference form, e.g. `"bn1.running_mean"`. */
  readonly runningMean: string;
  readonly runningVariance: string;
  /** Graph outputs, [channels] each; the variance is biased (divided by n, not n − 1). */
  readonly batchMean: string;
  readonly batchVariance: string;
  /**
   * Elements per channel in one image; n = batch size × this number. PyTorch's running variance uses batch variance × n / (n −
   * 1).
   */
  readonly elementsPerImage: number;
}

/** A graph whose batch normalization uses the statistics of the batch. */
export interface TrainingForm {
  readonly graph: Graph;
  readonly statistics: readonly BatchStatistics[];
}

/**
 * Replaces every BatchNormalization by BatchNormalizationTraining, whose statistics become further outputs of the graph. The
 * running averages leave the graph. Dropout remains the identity.
 */
export function toTrainingForm(graph: Graph): TrainingForm {
  const types = inferTypes(graph);
  const statistics: BatchStatistics[] = [];
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== "BatchNormalization" || node.domain !== "") return node;
    const [x, gamma, beta, runningMean, runningVariance] = node.inputs as [string, string, string, string, string];
    const elements = dimProduct(types.get(x)?.shape?.slice(2) ?? ["?"]);
    if (typeof elements !== "number")
      throw new ModelError(
        "symbolic-shape",
        { operator: node.op, node: node.name, found: elements },
        `BatchNormalization "${node.name}": the image size ${elements} is symbolic; needed: a fixed size`,
      );
    const [batchMean, batchVariance] = [`${node.name}.batch_mean`, `${node.name}.batch_var`];
    statistics.push({ runningMean, runningVariance, batchMean, batchVariance, elementsPerImage: elements });
    return {
      ...node,
      op: "BatchNormalizationTraining",
      domain: "subbyte",
      inputs: [x, gamma, beta],
      outputs: [node.outputs[0]!, batchMean, batchVariance],
      attributes: node.attributes.epsilon === undefined ? {} : { epsilon: node.attributes.epsilon },
    };
  });
  if (statistics.length === 0) return { graph, statistics };
  const read = new Set([...nodes.flatMap((node) => node.inputs), ...graph.outputs]);
  const tensors = new Map([...graph.tensors].filter(([name]) => read.has(name)));
  const outputs = [...graph.outputs, ...statistics.flatMap((s) => [s.batchMean, s.batchVariance])];
  return { graph: { ...graph, nodes, tensors, outputs }, statistics };
}

/** A graph with a loss, as `gradients` needs it. */
export interface LossGraph {
  /** The graph with a further input, the labels, and the loss as its first output. */
  readonly graph: Graph;
  /** Name of the loss, a scalar. */
  readonly loss: string;
  /** Name of the input with the labels, int64 [n]. */
  readonly labels: string;
}

/** Adds an input `labels`, int64 [n], and the mean softmax cross-entropy of the first output, the logits [n, classes]. */
export function withLoss(graph: Graph, { labelSmoothing = 0 }: { readonly labelSmoothing?: number } = {}): LossGraph {
  const logits = graph.outputs[0]!;
  const shape = inferTypes(graph).get(logits)?.shape;
  if (shape?.length !== 2)
    throw new ModelError(
      "not-a-classifier",
      { graph: graph.name, tensors: [logits], found: shape ?? null, expected: "[n, classes]" },
      `graph "${graph.name}": the output "${logits}" has the shape [${shape}]; needed: [n, classes]`,
    );
  const g = new GraphBuilder(graph.name, graph);
  const labels = g.input(freeName(g, "labels"), "int64", [shape[0]!]);
  const loss = appendCrossEntropy(g, { logits, labels, labelSmoothing });
  g.setOutputs([loss, ...graph.outputs]);
  return { graph: g.build(), loss, labels };
}

/**
 * Appends the mean softmax cross-entropy of `logits` [n, classes] against `labels`, int64 [n]; returns the loss, a scalar.
 *
 * @throws {ModelError} if the label smoothing is not in [0, 1).
 */
export function appendCrossEntropy(
  g: GraphBuilder,
  {
    logits,
    labels,
    labelSmoothing,
  }: { readonly logits: string; readonly labels: string; readonly labelSmoothing: number },
): string {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw new ModelError(
      "graph-argument",
      { argument: "labelSmoothing", found: labelSmoothing, expected: "[0, 1)" },
      `label smoothing is ${labelSmoothing}; needed: at least 0 and less than 1`,
    );
  const loss = freeName(g, "loss");
  g.node(
    "SoftmaxCrossEntropy",
    [logits, labels],
    { label_smoothing: labelSmoothing },
    { domain: "subbyte", outputs: [loss] },
  );
  return loss;
}
