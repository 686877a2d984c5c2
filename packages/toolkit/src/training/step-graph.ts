/**
 * @file The graph of one training step: forward, loss, gradients, clipping, optimizer update, running statistics. What a step
 * changes is an input under its own name and an output under `nextName`, so the graph itself holds no state.
 */

import {
  type CroppedGraph,
  cropDeadTaps,
  elementCount,
  expandForTraining,
  float32,
  type Graph,
  GraphBuilder,
  gradients,
  type Tensor,
  toTrainingForm,
  wholeWeights,
  withLoss,
} from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { createOptimizer, type Optimizer, type OptimizerOptions } from "./optimizers/index.js";
import { type TrainedParameter, type TreatParameter, treatedParameters } from "./parameters.js";

export interface StepOptions {
  /** Images of every batch; the graph is built for exactly this number. */
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** λ of weight decay, 0 by default; `ParameterTreatment` says what it applies to. */
  readonly weightDecay?: number;
  /** ε of label smoothing, in [0, 1); 0 by default. */
  readonly labelSmoothing?: number;
  /** Limits every element of every gradient to ± this, before `clipNorm`. */
  readonly clipValue?: number;
  /** Scales all gradients down together where their common L2 norm exceeds this. */
  readonly clipNorm?: number;
  /** Normalizes by the running statistics and leaves them as they are, instead of using each batch's own. */
  readonly freezeBatchNorm?: boolean;
  /** Share of the newest batch in the running statistics, PyTorch's `momentum`; 0.1 by default. */
  readonly batchNormMomentum?: number;
  /** Chooses and treats parameters one by one. */
  readonly parameters?: TreatParameter;
  /** Computes 3×3 convolutions by minimal filtering (Winograd) where that is faster; true by default. */
  readonly winograd?: boolean;
}

export interface StepGraph {
  /** Inputs: the model's, labels, scalars, and the state by its names. Outputs: loss, correct, and `next` of the state. */
  readonly graph: Graph;
  readonly labels: string;
  readonly loss: string;
  readonly correct: string;
  /**
   * Initial values of all that a step changes: parameters, running statistics, and the optimizer's zeros. Weights with taps that
   * never read the image are without them; what became of those, they share in a factor of their own.
   */
  readonly state: ReadonlyMap<string, Tensor>;
  /**
   * What belongs to a run's state but is read by no step: the weights with such taps as they were at the start. A run that goes on
   * may begin from others (a file that the run itself has replaced).
   */
  readonly kept: ReadonlyMap<string, Tensor>;
  /** The output with a state's new value. */
  readonly next: ReadonlyMap<string, string>;
  /** Values of the scalar inputs at step `t` = 1, 2, … */
  scalars(learningRate: number, t: number): Readonly<Record<string, Tensor>>;
  /** The model's tensors that `state` and `kept` together hold, in the model's shapes. */
  modelTensors(state: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor>;
}

/**
 * Builds the step of a classifier graph whose first output is the logits.
 *
 * @throws {UsageError} where an option is out of its range or nothing is left to train; {ModelError} where an operator has
 *   no gradient.
 */
export function buildStepGraph(model: Graph, options: StepOptions): StepGraph {
  checkOptions(options);
  const optimizer = createOptimizer(options.optimizer);
  const whole = treatedParameters(model, options.weightDecay ?? 0, options.parameters);
  if (whole.length === 0) throw new UsageError(`"${model.name}" has no parameter to train`);
  const free = new Set(whole.flatMap(({ name, minimum }) => (minimum === undefined ? [name] : [])));
  const { graph: cropped, crops } = cropDeadTaps(model, (name) => free.has(name));
  const parameters = whole.map((each) => ({ ...each, tensor: cropped.tensors.get(each.name)! }));

  const form = options.freezeBatchNorm ? { graph: cropped, statistics: [] } : toTrainingForm(cropped);
  const lifted = withParametersAsInputs(withFixedBatch(form.graph, options.batchSize), parameters);
  const { graph: withLabels, loss, labels } = withLoss(lifted, { labelSmoothing: options.labelSmoothing ?? 0 });
  const differentiated = gradients(withLabels, { loss, parameters: parameters.map(({ name }) => name) });
  const expanded = expandForTraining(differentiated.graph, { winograd: options.winograd ?? true });

  const g = new GraphBuilder(`${model.name}.step`, expanded);
  const correct = countCorrect(g, model.outputs[0]!, labels);
  const state = new Map<string, Tensor>(parameters.map(({ name, tensor }) => [name, tensor]));
  const next = new Map<string, string>();

  const clipped = clip(g, scaled(g, differentiated.gradients, parameters), options);
  const rates = rateGroups(g, optimizer, parameters);
  const update = (parameter: TrainedParameter, gradient: string) => {
    const slots = optimizer.slots.map((slot) => {
      const name = g.input(`optimizer.${slot}.${parameter.name}`, "float32", parameter.tensor.shape);
      state.set(name, zeros(parameter.tensor.shape));
      return name;
    });
    const updated = optimizer.update(g, {
      parameter: parameter.name,
      gradient,
      state: slots,
      scalars: rates.inputs(parameter),
      weightDecay: parameter.weightDecay,
    });
    const { minimum } = parameter;
    next.set(
      parameter.name,
      minimum === undefined ? updated.parameter : g.op("Max", [updated.parameter, g.scalar(minimum)]),
    );
    slots.forEach((slot, k) => {
      next.set(slot, updated.state[k]!);
    });
  };
  parameters.forEach((parameter, i) => {
    update(parameter, clipped[i]!);
  });
  for (const parameter of parameters.filter(({ name }) => crops.has(name))) {
    const factor = { ...parameter, name: deadTapsFactor(parameter.name), tensor: float32([1], [1]) };
    state.set(g.input(factor.name, "float32", [1]), factor.tensor);
    update(factor, g.constant(float32([0], [1])));
  }

  const momentum = options.batchNormMomentum ?? 0.1;
  for (const statistics of form.statistics) {
    const count = options.batchSize * statistics.elementsPerImage;
    if (count < 2) throw new UsageError("batch normalization needs more than one value a channel; use a larger batch");
    const average = (running: string, batch: string, factor: number) => {
      if (next.has(running)) return;
      const { shape } = model.tensors.get(running)!;
      state.set(g.input(running, "float32", shape), model.tensors.get(running)!);
      const kept = g.op("Mul", [running, g.scalar(1 - momentum)]);
      next.set(running, g.op("Add", [kept, g.op("Mul", [batch, g.scalar(momentum * factor)])]));
    };
    average(statistics.runningMean, statistics.batchMean, 1);
    average(statistics.runningVariance, statistics.batchVariance, count / (count - 1)); // PyTorch's is unbiased.
  }

  g.setOutputs([loss, correct, ...next.values()]);
  return {
    graph: g.build(),
    labels,
    loss,
    correct,
    state,
    kept: new Map([...crops.keys()].map((name) => [startOf(name), model.tensors.get(name)!])),
    next,
    scalars: rates.scalars,
    modelTensors: (of) => withDeadTaps(model, crops, of),
  };
}

/**
 * Without a gradient an optimizer changes a weight by a factor that is the same for all (`Optimizer`): decay, and momentum of
 * decay. So the taps of a convolution that never read the image are left out of the step but for that factor, which is trained
 * like a weight of 1 whose gradient is 0. In ResNet-18 with the 7×7 stem on 32×32 images they are 62 % of the weights.
 */
const deadTapsFactor = (weight: string): string => `optimizer.dead_taps.${weight}`;
const startOf = (weight: string): string => `optimizer.dead_taps.start.${weight}`;

function withDeadTaps(
  model: Graph,
  crops: CroppedGraph["crops"],
  state: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  const own = [...state].filter(([name]) => model.tensors.has(name));
  return new Map(
    own.map(([name, tensor]) => {
      const crop = crops.get(name);
      if (!crop) return [name, { ...tensor, data: tensor.data.slice() }];
      const factor = state.get(deadTapsFactor(name))!.data[0] as number;
      return [name, wholeWeights(state.get(startOf(name))!, tensor, crop, factor)];
    }),
  );
}

function checkOptions({
  batchSize,
  weightDecay = 0,
  clipValue = 1,
  clipNorm = 1,
  batchNormMomentum = 0.1,
}: StepOptions) {
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new UsageError(`the batch size must be a whole number from 1, got ${batchSize}`);
  }
  if (!(weightDecay >= 0)) throw new UsageError(`weight decay must be at least 0, got ${weightDecay}`);
  if (!(clipValue > 0)) throw new UsageError(`gradients can be clipped to a value above 0, got ${clipValue}`);
  if (!(clipNorm > 0)) throw new UsageError(`gradients can be clipped to a norm above 0, got ${clipNorm}`);
  if (!(batchNormMomentum >= 0 && batchNormMomentum <= 1)) {
    throw new UsageError(`the momentum of running statistics must lie in [0, 1], got ${batchNormMomentum}`);
  }
}

const zeros = (shape: readonly number[]): Tensor => float32(new Float32Array(elementCount(shape)), shape);

/** The symbolic batch size becomes a number, so that counts of elements are constants and memory can be planned. */
function withFixedBatch(graph: Graph, batchSize: number): Graph {
  const symbol = graph.inputs[0]?.shape?.[0];
  const fix = (dim: number | string) => (dim === symbol ? batchSize : dim);
  return {
    ...graph,
    inputs: graph.inputs.map((input, i) =>
      input.shape && (i === 0 || typeof symbol === "string") ? { ...input, shape: input.shape.map(fix) } : input,
    ),
  };
}

function withParametersAsInputs(graph: Graph, parameters: readonly TrainedParameter[]): Graph {
  const names = new Set(parameters.map(({ name }) => name));
  return {
    ...graph,
    inputs: [
      ...graph.inputs,
      ...parameters.map(({ name, tensor }) => ({ name, dtype: tensor.dtype, shape: tensor.shape })),
    ],
    tensors: new Map([...graph.tensors].filter(([name]) => !names.has(name))),
  };
}

/** Images whose first largest logit is their label's, as a float32 scalar. */
function countCorrect(g: GraphBuilder, logits: string, labels: string): string {
  const first = g.op("ArgMax", [logits], { axis: 1, keepdims: 0 });
  return g.op("ReduceSum", [g.op("Cast", [g.op("Equal", [first, labels])], { to: 1 })], { keepdims: 0 });
}

const scaled = (g: GraphBuilder, values: readonly string[], parameters: readonly TrainedParameter[]): string[] =>
  values.map((value, i) => {
    const { gradientScale } = parameters[i]!;
    return gradientScale === 1 ? value : g.op("Mul", [value, g.scalar(gradientScale)]);
  });

/** As `torch.nn.utils.clip_grad_value_` and then `clip_grad_norm_`. */
function clip(g: GraphBuilder, values: readonly string[], { clipValue, clipNorm }: StepOptions): readonly string[] {
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

/** Scalar inputs of the optimizer, one set for each learning-rate factor that occurs. */
function rateGroups(g: GraphBuilder, optimizer: Optimizer, parameters: readonly TrainedParameter[]) {
  const groups = new Map<number, readonly string[]>();
  for (const { learningRate } of parameters) {
    if (groups.has(learningRate)) continue;
    const suffix = groups.size === 0 ? "" : `.${groups.size}`;
    groups.set(
      learningRate,
      optimizer.scalars.map((name) => g.input(`optimizer.${name}${suffix}`, "float32", [])),
    );
  }
  return {
    inputs: ({ learningRate }: TrainedParameter) => groups.get(learningRate)!,
    scalars: (learningRate: number, t: number): Readonly<Record<string, Tensor>> =>
      Object.fromEntries(
        [...groups].flatMap(([factor, names]) => {
          const values = optimizer.values(learningRate * factor, t);
          return names.map((name, i) => [name, float32([values[i]!], [])] as const);
        }),
      ),
  };
}
