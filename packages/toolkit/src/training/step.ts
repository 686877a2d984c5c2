/** @file One training step after the other: the step graph in a session, with the tensors that it changes. */

import { createHash } from "node:crypto";
import { type Graph, type Tensor, writeOnnx } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { keepFreedMemory } from "../runtime/allocator.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import { buildStepGraph, type StepOptions } from "./step-graph.js";

export interface StepResult {
  /** Mean loss of the batch, before the update. */
  readonly loss: number;
  /** Images of the batch whose largest logit, before the update, was their label's. */
  readonly correct: number;
}

export interface TrainingStep {
  /**
   * Everything that steps change, by name: parameters and running statistics as the model names them, optimizer state, for
   * `restore`; `trained` has the weights in their full shapes. The arrays are overwritten by the step after the next.
   */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Identifies the computation: structure, constants, hyperparameters in the graph. */
  readonly fingerprint: string;
  /**
   * Computes one step and takes over the new state.
   *
   * @param images `[batchSize, C, H, W]` normalized.
   * @param labels `[batchSize]`
   * @param t number of the step since the start of the run, from 1.
   */
  run(images: Tensor, labels: Int32Array, learningRate: number, t: number): Promise<StepResult>;
  /** Replaces the state, as when resuming. @throws {DataError} where a tensor is missing or has another shape. */
  restore(state: ReadonlyMap<string, Tensor>): void;
  /** The graph as it came in, with copies of the trained values. */
  trained(): Graph;
  release(): Promise<void>;
}

export interface TrainingStepOptions extends StepOptions {
  readonly session?: SessionOptions;
  /** Values of further graph inputs, fed to every step. */
  readonly constants?: Readonly<Record<string, Tensor>>;
}

/**
 * Builds the step of `model` and loads it.
 *
 * The state lives in two sets of arrays that take turns: a step reads one and writes the other. Taking over the arrays that
 * ONNX Runtime returns instead costs new pages of memory in every step (ResNet-18 at 32×32, batch 64: 5 to 20 % of it).
 *
 * @throws as `buildStepGraph` and `createSession` do.
 */
export async function buildTrainingStep(model: Graph, options: TrainingStepOptions): Promise<TrainingStep> {
  const { constants = {} } = options;
  const input = model.inputs.find(({ name }) => !(name in constants))!.name;
  const step = buildStepGraph(model, options);
  const { labels, loss, correct, next } = step;
  keepFreedMemory();
  const session = await createSession(step.graph, options.session);
  let state = copied(step.state);
  let spare = copied(step.state);
  let kept = step.kept;
  const whole = () => new Map([...state, ...kept]);
  return {
    get state() {
      return whole();
    },
    fingerprint: createHash("sha256").update(writeOnnx(step.graph)).digest("hex"),
    run: async (images, classes, learningRate, t) => {
      const feeds = {
        ...constants,
        ...step.scalars(learningRate, t),
        ...Object.fromEntries(state),
        [input]: images,
        [labels]: { dtype: "int64", shape: [classes.length], data: BigInt64Array.from(classes, BigInt) } as const,
      };
      const into = Object.fromEntries([...next].map(([name, output]) => [output, spare.get(name)!]));
      const results = await session.run(feeds, [loss, correct, ...next.values()], into);
      [state, spare] = [spare, state];
      return { loss: scalar(results[loss]!), correct: scalar(results[correct]!) };
    },
    restore: (saved) => {
      const restored = (own: ReadonlyMap<string, Tensor>) =>
        copied(new Map([...own].map(([name, tensor]) => [name, matching(saved, name, tensor)])));
      [state, kept] = [restored(step.state), restored(step.kept)];
    },
    trained: () => {
      const values = step.modelTensors(whole());
      return { ...model, tensors: new Map([...model.tensors].map(([name, own]) => [name, values.get(name) ?? own])) };
    },
    release: () => session.release(),
  };
}

const copied = (tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
  new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));

const scalar = ({ data }: Tensor): number => Number(data[0]);

function matching(saved: ReadonlyMap<string, Tensor>, name: string, { dtype, shape }: Tensor): Tensor {
  const tensor = saved.get(name);
  if (tensor?.dtype === dtype && tensor.shape.join() === shape.join()) return tensor;
  const found = tensor ? `has it as ${tensor.dtype}[${tensor.shape}]` : "lacks it";
  throw new DataError(
    `the state to resume does not belong to this model: "${name}" is ${dtype}[${shape}], and it ${found}`,
  );
}
