/**
 * @file The graph of one learning step: forward pass, loss, gradients, clipping, and the optimizer's updates. A value that a
 * step changes is an input under its own name and an output with its next value, so the graph itself has no state.
 */

import {
  elementCount,
  expandForTraining,
  float32,
  type Graph,
  GraphBuilder,
  gradients,
  inferTypes,
  type Tensor,
} from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { requireNumber } from "../require-number.js";
import type { Loss } from "./losses/index.js";
import type { Optimizer } from "./optimizers/index.js";

/** A parameter that is learned. */
export interface StepParameter {
  /** Name of the graph's input, and of the parameter's state. */
  readonly name: string;
  readonly initial: Tensor;
  /** Name of its learning rate. */
  readonly rate: string;
  /** λ of weight decay; 0 by default. */
  readonly weightDecay?: number;
  /** Factor of the gradient, before any clipping; 1 by default. */
  readonly gradientScale?: number;
  /** Limits of the value after an update. */
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  /**
   * Whether the update changes the logarithm of a positive value, by the learning rate times gradient/value. To first order
   * this equals the plain update, but the value stays positive. The quotient is limited to ±1, so that no value changes by a
   * larger share than the learning rate; without a limit, it would grow without bound for tiny weights. Weight decay shrinks a
   * value by the constant rate λ.
   */
  readonly logarithmic?: boolean;
}

export interface Clipping {
  /** Limits every element of every gradient to ± this, before `clipNorm`. */
  readonly clipValue?: number;
  /** Scales all gradients down together if their common L2 norm exceeds this. */
  readonly clipNorm?: number;
}

/** Values besides parameters that a step changes, such as running averages. */
export interface StateUpdate {
  /** Input of the graph; added with the step. */
  readonly name: string;
  readonly initial: Tensor;
  /** The value after the step. */
  readonly next: string;
}

/** The parts of a training step: network, loss, optimizer. */
export interface StepDefinition extends Clipping {
  /**
   * Forward pass with the parameters as inputs; the loss reads its first output. All sizes are numbers, including
   * that of the batch.
   */
  readonly graph: Graph;
  readonly parameters: readonly StepParameter[];
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Appends a scalar that is added to the loss for the gradients, but not to the loss that a step reports. */
  readonly penalty?: ((g: GraphBuilder) => string) | undefined;
  /** Parameters without gradient, which only the update rule changes. */
  readonly withoutGradient?: readonly StepParameter[];
  /** Appends a term that is added to a parameter's gradient before clipping; returns undefined if there is none. */
  readonly gradientTerm?: ((g: GraphBuilder, parameter: string) => string | undefined) | undefined;
  /**
   * Appends further state.
   *
   * @param next the new values of parameters, by their names
   */
  readonly averages?: (g: GraphBuilder, next: ReadonlyMap<string, string>) => readonly StateUpdate[];
  /** Counts the images whose largest logit is their label's; the output must then be logits `[n, classes]`. */
  readonly countCorrect?: boolean;
  /** Computes 3×3 convolutions by minimal filtering (Winograd) if that is faster; true by default. */
  readonly winograd?: boolean;
}

/** A training step as one graph: loss, gradients and updates. */
export interface StepGraph {
  /** Inputs: those of the forward graph, labels and target if the loss reads them, scalars, and the state. */
  readonly graph: Graph;
  /** Inputs that the loss reads. */
  readonly labels: string | undefined;
  readonly target: string | undefined;
  /** Names of the scalar outputs. */
  readonly loss: string;
  readonly correct: string | undefined;
  /** Initial values of all that a step changes: parameters, the optimizer's zeros, averages. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** For each of these values, by name, the output with its next value. */
  readonly next: ReadonlyMap<string, string>;
  /**
   * Values of the scalar inputs at step `t` = 1, 2, …
   *
   * @param rates learning rates by name
   */
  scalars(rates: Readonly<Record<string, number>>, t: number): Readonly<Record<string, Tensor>>;
}

/**
 * @throws {UsageError} if an option is out of its range
 * @throws {ModelError} if an operator has no gradient, or a parameter has no influence on the loss
 */
export function buildStepGraph(definition: StepDefinition): StepGraph {
  checkClipping(definition);
  const { graph, parameters, withoutGradient = [], optimizer, winograd = true } = definition;
  const { forward, inputs, loss, total } = withLosses(definition);
  const names = parameters.map(({ name }) => name);
  const differentiated = gradients(forward, { loss: total, parameters: names });
  const expanded = expandForTraining(differentiated.graph, { winograd });
  const g = new GraphBuilder(forward.name, expanded);
  const correct = definition.countCorrect ? countCorrect(g, graph.outputs[0]!, inputs.labels!) : undefined;
  const clipped = clip(g, wholeGradients(g, differentiated.gradients, definition), definition);
  const rates = rateInputs(g, optimizer, [...parameters, ...withoutGradient]);

  const state = new Map<string, Tensor>();
  const next = new Map<string, string>();
  const hold = ({ name, initial, next: value }: StateUpdate) => {
    state.set(name, initial);
    next.set(name, value);
  };
  const update = (parameter: StepParameter, gradient: string) => {
    for (const each of updated(g, optimizer, parameter, gradient, rates.of(parameter))) hold(each);
  };
  parameters.forEach((parameter, i) => {
    update(parameter, clipped[i]!);
  });
  for (const parameter of withoutGradient) {
    const { shape } = parameter.initial;
    g.input(parameter.name, "float32", shape);
    update(parameter, g.constant(zeros(shape)));
  }
  for (const average of definition.averages?.(g, next) ?? []) hold(average);
  g.setOutputs([loss, ...(correct === undefined ? [] : [correct]), ...next.values()]);
  return { graph: g.build(), ...inputs, loss, correct, state, next, scalars: rates.scalars };
}

/** The forward graph with the loss, and the values whose gradients are computed. */
function withLosses({ graph, loss, penalty, countCorrect: counts = false }: StepDefinition) {
  const [output] = graph.outputs as [string];
  const shape = inferTypes(graph).get(output)?.shape as readonly number[] | undefined;
  if (!shape?.every((dim) => typeof dim === "number"))
    throw new UsageError(
      "toolkit-argument",
      { argument: output, found: [...(shape ?? [])], expected: "numbers" },
      `the output "${output}" of "${graph.name}" has the shape [${shape}]; training needs numbers`,
    );
  const g = new GraphBuilder(`${graph.name}.step`, graph);
  const inputs: { labels: string | undefined; target: string | undefined } = { labels: undefined, target: undefined };
  const labels = () => (inputs.labels ??= g.input(unused(g, "labels"), "int64", [shape[0]!]));
  const target = () => (inputs.target ??= g.input(unused(g, "target"), "float32", shape));
  if (counts) labels();
  const value = loss.append({ g, output, shape, labels, target });
  const total = penalty ? g.op("Add", [value, penalty(g)]) : value;
  g.setOutputs([value]);
  return { forward: g.build(), inputs, loss: value, total };
}

function unused(g: GraphBuilder, stem: string): string {
  let name = stem;
  while (g.has(name)) name += "_";
  return name;
}

/** A parameter and its optimizer state after the update. */
function updated(
  g: GraphBuilder,
  optimizer: Optimizer,
  parameter: StepParameter,
  gradient: string,
  scalars: readonly string[],
): readonly StateUpdate[] {
  const { name, initial, weightDecay = 0, logarithmic = false } = parameter;
  const slots = optimizer.slots.map((slot) => g.input(`optimizer.${slot}.${name}`, "float32", initial.shape));
  const update = optimizer.update(g, {
    parameter: logarithmic ? g.op("Log", [name]) : name,
    gradient: logarithmic ? relative(g, gradient, name, weightDecay) : gradient,
    state: slots,
    scalars,
    weightDecay: logarithmic ? 0 : weightDecay,
  });
  const value = logarithmic ? g.op("Exp", [update.parameter]) : update.parameter;
  return [
    { name, initial, next: within(g, value, parameter) },
    ...slots.map((slot, k) => ({ name: slot, initial: zeros(initial.shape), next: update.state[k]! })),
  ];
}

function relative(g: GraphBuilder, gradient: string, value: string, decay: number): string {
  const result = g.op("Clip", [g.op("Div", [gradient, value]), g.scalar(-1), g.scalar(1)]);
  return decay === 0 ? result : g.op("Add", [result, g.scalar(decay)]);
}

function within(g: GraphBuilder, value: string, { minimum, maximum }: StepParameter): string {
  const atLeast = minimum === undefined ? value : g.op("Max", [value, g.scalar(minimum)]);
  return maximum === undefined ? atLeast : g.op("Min", [atLeast, g.scalar(maximum)]);
}

const zeros = (shape: readonly number[]): Tensor => float32(new Float32Array(elementCount(shape)), shape);

function checkClipping({ clipValue = 1, clipNorm = 1 }: Clipping): void {
  requireNumber("clipValue", clipValue, "a number above 0");
  requireNumber("clipNorm", clipNorm, "a number above 0");
}

/** Number of images whose largest logit (the first, if several are equal) is their label's, as a float32 scalar. */
function countCorrect(g: GraphBuilder, logits: string, labels: string): string {
  const first = g.op("ArgMax", [logits], { axis: 1, keepdims: 0 });
  return g.op("ReduceSum", [g.op("Cast", [g.op("Equal", [first, labels])], { to: 1 })], { keepdims: 0 });
}

/** Gradients with their factors and additional terms. */
const wholeGradients = (g: GraphBuilder, values: readonly string[], definition: StepDefinition): string[] =>
  values.map((value, i) => {
    const { name, gradientScale = 1 } = definition.parameters[i]!;
    const scaled = gradientScale === 1 ? value : g.op("Mul", [value, g.scalar(gradientScale)]);
    const term = definition.gradientTerm?.(g, name);
    return term === undefined ? scaled : g.op("Add", [scaled, term]);
  });

/** Clips like `torch.nn.utils.clip_grad_value_` and then `clip_grad_norm_`. */
function clip(g: GraphBuilder, values: readonly string[], { clipValue, clipNorm }: Clipping): readonly string[] {
  let result = values;
  if (clipValue !== undefined) {
    const [low, high] = [g.scalar(-clipValue), g.scalar(clipValue)];
    result = result.map((value) => g.op("Clip", [value, low, high]));
  }
  if (clipNorm !== undefined) {
    const squares = result.map((value) => g.op("ReduceSumSquare", [value], { keepdims: 0 }));
    const norm = g.op("Sqrt", [g.op("Sum", squares)]);
    const ratio = g.op("Div", [g.scalar(clipNorm), g.op("Add", [norm, g.scalar(1e-6)])]);
    const factor = g.op("Min", [ratio, g.scalar(1)]);
    result = result.map((value) => g.op("Mul", [value, factor]));
  }
  return result;
}

/** Scalar inputs of the optimizer, one set per learning rate. */
function rateInputs(g: GraphBuilder, optimizer: Optimizer, parameters: readonly StepParameter[]) {
  const groups = new Map<string, readonly string[]>();
  for (const { rate } of parameters) {
    if (groups.has(rate)) continue;
    groups.set(
      rate,
      optimizer.scalars.map((name) => g.input(`optimizer.${name}.rate.${rate}`, "float32", [])),
    );
  }
  return {
    of: ({ rate }: StepParameter) => groups.get(rate)!,
    scalars: (rates: Readonly<Record<string, number>>, t: number): Readonly<Record<string, Tensor>> =>
      Object.fromEntries(
        [...groups].flatMap(([rate, names]) => {
          const values = optimizer.values(rates[rate]!, t);
          return names.map((name, i) => [name, float32([values[i]!], [])] as const);
        }),
      ),
  };
}
