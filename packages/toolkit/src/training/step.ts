/** @file Runs one learning step after the other: a step graph in a session, with the tensors that it changes. */

import { createHash } from "node:crypto";
import { type Tensor, writeOnnx } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { keepFreedMemory } from "../runtime/allocator.js";
import type { NodeTime } from "../runtime/profile-file.js";
import { createSession, type Session, type SessionOptions } from "../runtime/session.js";
import { describeFault } from "./fault.js";
import type { StepGraph } from "./step-graph.js";

/** Loss and accuracy of one step. */
export interface StepResult {
  /** Mean loss of the batch, before the update. */
  readonly loss: number;
  /** Images of the batch whose largest logit, before the update, was their label's; 0 if the step does not count them. */
  readonly correct: number;
}

/** The batch of one step. */
export interface StepFeeds {
  /** Inputs of the forward graph by name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** `[n]` class indices, if the loss reads them. */
  readonly labels?: Int32Array | undefined;
  /** The target, in the shape of the output, if the loss reads it. */
  readonly target?: Tensor | undefined;
}

/** Learning rates by name, and the number of the step since the start of the run, from 1. */
export interface StepTime {
  readonly rates: Readonly<Record<string, number>>;
  readonly t: number;
}

/** A training step that is loaded into ONNX Runtime, with its state. */
export interface Step {
  /** All values that steps change, by name. The step after the next overwrites the arrays. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Identifies the computation: structure, constants, hyperparameters in the graph. */
  readonly fingerprint: string;
  /** Computes one step and keeps the new state. */
  run(feeds: StepFeeds, time: StepTime): Promise<StepResult>;
  /**
   * Names the first value in the last step that was not finite.
   *
   * @param feeds the feeds of that step
   */
  describeFault(feeds: StepFeeds): Promise<string>;
  /** The time of each node, if the session is `profiled`. Can be called once. */
  profile(): Promise<readonly NodeTime[]>;
  /**
   * Replaces the state, to resume.
   *
   * @throws {DataError} if a tensor is missing or has another shape
   */
  restore(state: ReadonlyMap<string, Tensor>): void;
  /** Frees the session. */
  release(): Promise<void>;
}

/**
 * Loads a step.
 *
 * The state is in two sets of arrays that alternate: a step reads one and writes the other. If the arrays that ONNX Runtime
 * returns were used instead, every step would need new pages of memory, which takes a noticeable share of its time.
 *
 * @throws the errors of `createSession`
 */
export async function createStep(step: StepGraph, options: SessionOptions = {}): Promise<Step> {
  const { next, loss, correct } = step;
  keepFreedMemory();
  const session = await createSession(step.graph, options);
  const outputs = [loss, ...(correct === undefined ? [] : [correct]), ...next.values()];
  let state = copied(step.state);
  let spare = copied(step.state);
  return {
    get state() {
      return state;
    },
    fingerprint: createHash("sha256").update(writeOnnx(step.graph)).digest("hex"),
    run: async (feeds, time) => {
      const given = { ...fed(step, feeds), ...step.scalars(time.rates, time.t), ...Object.fromEntries(state) };
      const into = Object.fromEntries([...next].map(([name, output]) => [output, spare.get(name)!]));
      const results = await session.run(readBy(session, given), outputs, into);
      [state, spare] = [spare, state];
      return { loss: scalar(results[loss]!), correct: correct === undefined ? 0 : scalar(results[correct]!) };
    },
    describeFault: (feeds) => describeFault(step, { ...fed(step, feeds), ...Object.fromEntries(spare) }, options),
    restore: (saved) => {
      state = restored(step.state, saved);
    },
    profile: () => session.profile(),
    release: () => session.release(),
  };
}

/** Inputs, labels and target by the names of the graph's inputs. */
function fed(step: StepGraph, { inputs, labels, target }: StepFeeds): Record<string, Tensor> {
  return {
    ...inputs,
    ...(step.labels !== undefined && labels ? { [step.labels]: labelTensor(labels) } : {}),
    ...(step.target !== undefined && target ? { [step.target]: target } : {}),
  };
}

/** The feeds that the session reads: ONNX Runtime drops inputs that nothing reads, and refuses them as feeds. */
const readBy = ({ inputs }: Pick<Session, "inputs">, given: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(inputs.flatMap((name) => (given[name] ? [[name, given[name]]] : [])));

const labelTensor = (labels: Int32Array): Tensor => ({
  dtype: "int64",
  shape: [labels.length],
  data: BigInt64Array.from(labels, BigInt),
});

const scalar = ({ data }: Tensor): number => Number(data[0]);

const copied = (tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
  new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));

/**
 * Copies of the tensors in `saved` that have the names and shapes of `own`.
 *
 * @throws {DataError} if a tensor is missing or has another type or shape.
 */
export function restored(
  own: ReadonlyMap<string, Tensor>,
  saved: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  return copied(new Map([...own].map(([name, tensor]) => [name, matching(saved, name, tensor)])));
}

function matching(saved: ReadonlyMap<string, Tensor>, name: string, { dtype, shape }: Tensor): Tensor {
  const tensor = saved.get(name);
  if (tensor?.dtype === dtype && tensor.shape.join() === shape.join()) return tensor;
  const found = tensor ? `has it as ${tensor.dtype}[${tensor.shape}]` : "lacks it";
  throw new DataError(
    "checkpoint-mismatch",
    { reason: name, expected: [dtype, ...shape] },
    `the state to resume does not belong to this model: its "${name}" is ${dtype}[${shape}], but the state ${found}`,
  );
}
