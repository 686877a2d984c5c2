/** @file Training steps of a classifier: images, labels and a learning rate in, the trained graph out. */

import type { Graph, Tensor } from "@subbyte/graph";
import type { NodeTime } from "../runtime/profile-file.js";
import type { SessionOptions } from "../runtime/session.js";
import { buildClassifierStepGraph, type ClassifierStepOptions } from "./classifier-step-graph.js";
import { createStep, restored, type StepFeeds, type StepResult } from "./step.js";

/** One batch. */
export interface TrainingBatch {
  /** `[batchSize, C, H, W]` normalized. */
  readonly images: Tensor;
  /** `[batchSize]` class indices. */
  readonly labels: Int32Array;
  /** The target of losses that need one, `[batchSize, classes]`, such as a teacher's logits. */
  readonly target?: Tensor | undefined;
  /** Values of further graph inputs at this step. */
  readonly inputs?: Readonly<Record<string, Tensor>> | undefined;
}

/** A network that is trained step by step. */
export interface TrainingStep {
  /**
   * All values that a step changes, by name: parameters, running statistics (both with the model's names) and optimizer state.
   * `restore` accepts them. Weights may be cropped here; `trained` returns them in full. The arrays are valid for one more
   * step.
   */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Identifies the computation: structure, constants, hyperparameters in the graph. */
  readonly fingerprint: string;
  /**
   * Computes one step and keeps the new state.
   *
   * @param learningRate of this step
   * @param t number of the step since the start of the run, from 1
   */
  run(batch: TrainingBatch, learningRate: number, t: number): Promise<StepResult>;
  /**
   * A sentence that names the first value of the last step that was not finite.
   *
   * @param batch the batch of that step
   */
  describeFault(batch: TrainingBatch): Promise<string>;
  /**
   * Replaces the state, to resume.
   *
   * @throws {DataError} if a tensor is missing or has another shape
   */
  restore(state: ReadonlyMap<string, Tensor>): void;
  /** The time of each node, if the session is `profiled`. Can be called once. */
  profile(): Promise<readonly NodeTime[]>;
  /** The original graph with copies of the trained values. */
  trained(): Graph;
  /** Frees the session. */
  release(): Promise<void>;
}

/** Loss, optimizer and runtime of a training step. */
export interface TrainingStepOptions extends ClassifierStepOptions {
  readonly session?: SessionOptions;
  /** Values of further graph inputs, fed to every step. */
  readonly constants?: Readonly<Record<string, Tensor>>;
}

/**
 * Builds the step of `model` and loads it.
 *
 * @throws the errors of `buildClassifierStepGraph` and `createSession`
 */
export async function buildTrainingStep(model: Graph, options: TrainingStepOptions): Promise<TrainingStep> {
  const { constants = {}, session } = options;
  const input = model.inputs.find(({ name }) => !(name in constants))!.name;
  const built = buildClassifierStepGraph(model, options);
  const step = await createStep(built.step, session);
  let { kept } = built;
  const feeds = ({ images, labels, target, inputs }: TrainingBatch, t: number): StepFeeds => ({
    inputs: { ...constants, ...inputs, ...built.feeds(t), [input]: images },
    labels,
    target,
  });
  const whole = () => new Map([...step.state, ...kept]);
  return {
    get state() {
      return whole();
    },
    fingerprint: step.fingerprint,
    run: (batch, learningRate, t) => step.run(feeds(batch, t), { rates: built.rates(learningRate), t }),
    describeFault: (batch) => step.describeFault(feeds(batch, 1)),
    restore: (saved) => {
      const start = restored(built.kept, saved);
      step.restore(saved);
      kept = start;
    },
    trained: () => {
      const values = built.modelTensors(whole());
      return { ...model, tensors: new Map([...model.tensors].map(([name, own]) => [name, values.get(name) ?? own])) };
    },
    profile: () => step.profile(),
    release: () => step.release(),
  };
}
