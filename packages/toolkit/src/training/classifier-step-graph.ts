/**
 * @file The training step of a classifier: its trained constants become state, batch norm keeps running statistics, and dead
 * taps (weights that only read padding) are left out.
 */

import {
  type CroppedGraph,
  cropDeadTaps,
  float32,
  type Graph,
  type GraphBuilder,
  type Tensor,
  type TrainingForm,
  toTrainingForm,
  wholeWeights,
} from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { requireNumber } from "../require-number.js";
import { withDamping } from "./damping.js";
import { crossEntropyLoss, type Loss } from "./losses/index.js";
import { averageFeeds, checkAverageDecay, movingAverages, withAverages } from "./moving-average.js";
import { createOptimizer, type OptimizerOptions } from "./optimizers/index.js";
import { type TrainedParameter, type TreatParameter, treatedParameters } from "./parameters.js";
import { buildStepGraph, type Clipping, type StateUpdate, type StepGraph, type StepParameter } from "./step-graph.js";

/** Options of a training step of a classifier. */
export interface ClassifierStepOptions extends Clipping {
  /** Number of images in every batch; the graph is built for exactly this number. */
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** Loss of the logits; cross-entropy by default. */
  readonly loss?: Loss;
  /** ε of label smoothing in the default loss, in [0, 1); 0 by default. */
  readonly labelSmoothing?: number;
  /** λ of weight decay, 0 by default; `ParameterTreatment` says what it applies to. */
  readonly weightDecay?: number;
  /** Normalizes by the running statistics and keeps them fixed, instead of using those of each batch. */
  readonly freezeBatchNorm?: boolean;
  /** Weight of the newest batch in the running statistics, PyTorch's `momentum`; 0.1 by default. */
  readonly batchNormMomentum?: number;
  /** Decides for each parameter whether and how it is trained. */
  readonly parameters?: TreatParameter;
  /** Decay of a moving average of the parameters, in [0, 1); the trained graph then has the averages. None by default. */
  readonly averageDecay?: number;
  /**
   * Pulls weights that a FakeQuant quantizes towards the middle of their code's interval: adds twice their distance from it,
   * times the graph input `DAMPING`, to their gradients. Source: Nagel et al. 2022, arXiv:2203.11086, §4.1.
   */
  readonly damping?: boolean;
  /** Computes 3×3 convolutions by minimal filtering (Winograd) if that is faster; true by default. */
  readonly winograd?: boolean;
}

/** The step graph of a classifier, and the tensors that its run must keep. */
export interface ClassifierStepGraph {
  /**
   * The step. Its state has parameters, running statistics, and the optimizer's state; weights with dead taps are cropped
   * there.
   */
  readonly step: StepGraph;
  /**
   * Tensors of a run that no step reads: the weights with dead taps, as they were at the start. A resumed run may have loaded
   * other initial weights (from a file that the run itself has replaced).
   */
  readonly kept: ReadonlyMap<string, Tensor>;
  /** Further inputs of the graph at step `t` = 1, 2, …, in addition to images, labels and learning rates. */
  feeds(t: number): Readonly<Record<string, Tensor>>;
  /** Learning rates of all parameters if that of the run is `learningRate`. */
  rates(learningRate: number): Readonly<Record<string, number>>;
  /** The model's tensors, in the model's shapes, from `state` and `kept`. */
  modelTensors(state: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor>;
}

/**
 * Builds the step of a classifier graph whose first output is the logits.
 *
 * @throws {UsageError} if an option is out of its range or nothing is left to train
 * @throws {ModelError} if an operator has no gradient
 */
export function buildClassifierStepGraph(model: Graph, options: ClassifierStepOptions): ClassifierStepGraph {
  checkOptions(options);
  const { batchSize, batchNormMomentum = 0.1, labelSmoothing = 0 } = options;
  const whole = treatedParameters(model, options.weightDecay ?? 0, options.parameters);
  if (whole.length === 0)
    throw new UsageError("nothing-to-learn", { network: model.name }, `"${model.name}" has no parameter to train`);
  const free = new Set(whole.filter(updatesFreely).map(({ name }) => name));
  const { graph: cropped, crops } = cropDeadTaps(model, (name) => free.has(name));
  const parameters = whole.map((each) => ({ ...each, tensor: cropped.tensors.get(each.name)! }));
  const form = options.freezeBatchNorm ? { graph: cropped, statistics: [] } : toTrainingForm(cropped);
  const names = new Set(parameters.map(({ name }) => name));
  const damped = options.damping ? withDamping(form.graph, (name) => names.has(name)) : undefined;
  const forward = damped?.graph ?? form.graph;
  const [learned, dead] = [
    parameters.map(stepParameter),
    parameters.filter(({ name }) => crops.has(name)).map(deadTapsParameter),
  ];
  const { averageDecay } = options;
  if (averageDecay !== undefined) checkAverageDecay(averageDecay);
  const definition = {
    graph: withParametersAsInputs(withFixedBatch(forward, batchSize), parameters),
    parameters: learned,
    withoutGradient: dead,
    gradientTerm: damped?.gradientTerm,
    loss: options.loss ?? crossEntropyLoss({ labelSmoothing }),
    optimizer: createOptimizer(options.optimizer),
    averages: (g: GraphBuilder, next: ReadonlyMap<string, string>) => {
      const statistics = runningStatistics(g, model, form, batchSize, batchNormMomentum);
      if (averageDecay === undefined) return statistics;
      const parameters = [...learned, ...dead].map(({ name, initial }) => ({ name, initial, next: next.get(name)! }));
      return [...statistics, ...movingAverages(g, [...parameters, ...statistics])];
    },
    countCorrect: true,
    winograd: options.winograd ?? true,
    ...(options.clipValue === undefined ? {} : { clipValue: options.clipValue }),
    ...(options.clipNorm === undefined ? {} : { clipNorm: options.clipNorm }),
  };
  const factors = new Map(parameters.map(({ learningRate }) => [rateName(learningRate), learningRate]));
  return {
    step: buildStepGraph(definition),
    kept: new Map([...crops.keys()].map((name) => [startOf(name), model.tensors.get(name)!])),
    feeds: (t) => (averageDecay === undefined ? {} : averageFeeds(averageDecay, t)),
    rates: (learningRate) => Object.fromEntries([...factors].map(([name, factor]) => [name, learningRate * factor])),
    modelTensors: (of) => withDeadTaps(model, crops, withAverages(of)),
  };
}

/** Whether only the optimizer's rule determines the next value. */
const updatesFreely = ({ minimum, maximum, logarithmic }: TrainedParameter): boolean =>
  minimum === undefined && maximum === undefined && !logarithmic;

/** Parameters with the same factor of the run's learning rate share one input for it. */
const rateName = (factor: number): string => String(factor);

const stepParameter = ({
  tensor,
  learningRate,
  isScale,
  isZeroPoint,
  ...treated
}: TrainedParameter): StepParameter => ({
  ...treated,
  initial: tensor,
  rate: rateName(learningRate),
});

/**
 * The parameter that stands for dead taps. If its gradient is always zero, an optimizer changes a weight by a factor that is
 * the same for all such weights (`Optimizer`): decay, and momentum of decay. So the taps of a convolution that never read the
 * image are left out of the step, and only that factor is computed, as a weight of 1 whose gradient is 0. In ResNet-18 with the
 * 7×7 stem on 32×32 images, these taps are 62 % of the weights.
 */
const deadTapsParameter = (parameter: TrainedParameter): StepParameter => ({
  ...stepParameter(parameter),
  name: deadTapsFactor(parameter.name),
  initial: float32([1], [1]),
});

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

/** Running means and variances, which are updated from each batch. */
function runningStatistics(
  g: GraphBuilder,
  model: Graph,
  { statistics }: TrainingForm,
  batchSize: number,
  momentum: number,
): readonly StateUpdate[] {
  const updates = new Map<string, StateUpdate>();
  for (const { elementsPerImage, runningMean, batchMean, runningVariance, batchVariance } of statistics) {
    const count = batchSize * elementsPerImage;
    if (count < 2)
      throw new UsageError(
        "option-value",
        { option: "batch", value: batchSize, expected: "at least 2" },
        "batch normalization needs more than one value per channel; use a larger batch",
      );
    const average = (name: string, batch: string, factor: number) => {
      if (updates.has(name)) return;
      const initial = model.tensors.get(name)!;
      g.input(name, "float32", initial.shape);
      const kept = g.op("Mul", [name, g.scalar(1 - momentum)]);
      const next = g.op("Add", [kept, g.op("Mul", [batch, g.scalar(momentum * factor)])]);
      updates.set(name, { name, initial, next });
    };
    average(runningMean, batchMean, 1);
    average(runningVariance, batchVariance, count / (count - 1)); // PyTorch's running variance is unbiased.
  }
  return [...updates.values()];
}

function checkOptions({ batchSize, weightDecay = 0, batchNormMomentum = 0.1 }: ClassifierStepOptions) {
  requireNumber("batch", batchSize, "a whole number from 1");
  requireNumber("weightDecay", weightDecay, "a number from 0");
  requireNumber("batchNormMomentum", batchNormMomentum, "a number from 0 to 1");
}

/** Replaces the symbolic batch size by a number, so that element counts are constants and memory can be planned. */
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
