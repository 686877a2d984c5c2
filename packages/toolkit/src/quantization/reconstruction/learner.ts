/**
 * @file Learns a part of the network: its graph with loss, gradients and the update of Adam, in a session, with the state that
 * steps change.
 */

import { createHash } from "node:crypto";
import {
  elementCount,
  expandForTraining,
  float32,
  GraphBuilder,
  gradients,
  inferTypes,
  type Tensor,
  writeOnnx,
} from "@subbyte/graph";
import { DataError } from "../../errors.js";
import { createSession, type SessionOptions } from "../../runtime/session.js";
import { createOptimizer } from "../../training/optimizers/index.js";
import type { LearnedGraph, LearnedKind } from "./learned-graph.js";
import { roundingPenalty } from "./rounding.js";

/** Learning rates of one step. */
export type Rates = Readonly<Record<LearnedKind, number>>;

export interface LearnerStep {
  /** Everything but parameters: input, target, masks, bias deltas. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly rates: Rates;
  /** Weight of the rounding penalty, and its exponent. */
  readonly regularization: number;
  readonly beta: number;
  /** From 1. */
  readonly step: number;
}

export interface Learner {
  /** Parameters by name, and Adam's averages. The arrays are overwritten by the step after the next. */
  readonly state: ReadonlyMap<string, Tensor>;
  readonly fingerprint: string;
  /** Returns the loss before the update, without the penalty. */
  run(step: LearnerStep): Promise<number>;
  /** @throws {DataError} where a tensor is missing or has another shape */
  restore(state: ReadonlyMap<string, Tensor>): void;
  release(): Promise<void>;
}

/** Name of the input with the float network's values. */
export const TARGET = "target";
const PENALTY = "penalty weight";
const BETA = "penalty exponent";

/** Appends a loss that compares `output` with the input `TARGET` of the same shape; returns a scalar. */
export type Loss = (g: GraphBuilder, output: string, target: string, shape: readonly number[]) => string;

/** Squared error, summed over channels, mean over the rest (BRECQ, QDrop). */
export const squaredError: Loss = (g, output, target, shape) => {
  const error = g.op("Sub", [output, target]);
  const sum = g.op("ReduceSumSquare", [error], { keepdims: 0 });
  return g.op("Mul", [sum, g.scalar(shape[1]! / elementCount(shape))]);
};

const optimizer = createOptimizer({ name: "adamw" });

export async function createLearner(learned: LearnedGraph, loss: Loss, session: SessionOptions): Promise<Learner> {
  const { graph, next, lossName } = learnerGraph(learned, loss);
  const initial = new Map<string, Tensor>();
  for (const { name, initial: value } of learned.parameters) {
    initial.set(name, value);
    for (const slot of optimizer.slots) initial.set(slotName(slot, name), zeros(value.shape));
  }
  const running = await createSession(graph, session);
  let state = copied(initial);
  let spare = copied(initial);
  return {
    get state() {
      return state;
    },
    fingerprint: createHash("sha256").update(writeOnnx(graph)).digest("hex"),
    run: async ({ feeds, rates, regularization, beta, step }) => {
      const scalars: Record<string, Tensor> = {};
      for (const kind of new Set(learned.parameters.map((parameter) => parameter.kind))) {
        const values = optimizer.values(rates[kind], step);
        optimizer.scalars.forEach((scalar, i) => {
          scalars[scalarName(scalar, kind)] = float32([values[i]!], []);
        });
      }
      if (learned.roundings.length > 0) {
        scalars[PENALTY] = float32([regularization], []);
        scalars[BETA] = float32([beta], []);
      }
      const into = Object.fromEntries([...next].map(([name, output]) => [output, spare.get(name)!]));
      const used = running.inputs;
      const all: Record<string, Tensor> = { ...feeds, ...scalars, ...Object.fromEntries(state) };
      const results = await running.run(
        Object.fromEntries(used.map((name) => [name, all[name]!])),
        [lossName, ...next.values()],
        into,
      );
      [state, spare] = [spare, state];
      return Number(results[lossName]!.data[0]);
    },
    restore: (saved) => {
      state = copied(new Map([...initial].map(([name, own]) => [name, matching(saved, name, own)])));
    },
    release: () => running.release(),
  };
}

/** One step: loss, gradients, updates. */
function learnerGraph(learned: LearnedGraph, loss: Loss) {
  const [output] = learned.graph.outputs as [string];
  const shape = inferTypes(learned.graph).get(output)!.shape as readonly number[];
  const forward = new GraphBuilder(`${learned.graph.name}, learning`, learned.graph);
  const error = loss(forward, output, forward.input(TARGET, "float32", shape), shape);
  let total = error;
  if (learned.roundings.length > 0) {
    const [weight, beta] = [forward.input(PENALTY, "float32", []), forward.input(BETA, "float32", [])];
    const penalties = learned.roundings.map((h) => roundingPenalty(forward, h, beta));
    total = forward.op("Add", [error, forward.op("Mul", [forward.op("Sum", penalties), weight])]);
  }
  forward.setOutputs([error]);
  const names = learned.parameters.map(({ name }) => name);
  const differentiated = gradients(forward.build(), { loss: total, parameters: names });

  const g = new GraphBuilder(forward.name, expandForTraining(differentiated.graph));
  const next = new Map<string, string>();
  const scalars = new Map<LearnedKind, readonly string[]>();
  learned.parameters.forEach(({ name, kind, initial }, i) => {
    if (!scalars.has(kind))
      scalars.set(
        kind,
        optimizer.scalars.map((scalar) => g.input(scalarName(scalar, kind), "float32", [])),
      );
    const slots = optimizer.slots.map((slot) => g.input(slotName(slot, name), "float32", initial.shape));
    const update = optimizer.update(g, {
      parameter: name,
      gradient: differentiated.gradients[i]!,
      state: slots,
      scalars: scalars.get(kind)!,
      weightDecay: 0,
    });
    next.set(name, update.parameter);
    slots.forEach((slot, k) => {
      next.set(slot, update.state[k]!);
    });
  });
  g.setOutputs([error, ...next.values()]);
  return { graph: g.build(), next, lossName: error };
}

const slotName = (slot: string, parameter: string): string => `${slot}.${parameter}`;
const scalarName = (scalar: string, kind: LearnedKind): string => `${scalar}.${kind}`;

const zeros = (shape: readonly number[]): Tensor => float32(new Float32Array(elementCount(shape)), shape);

const copied = (tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
  new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));

function matching(saved: ReadonlyMap<string, Tensor>, name: string, { dtype, shape }: Tensor): Tensor {
  const tensor = saved.get(name);
  if (tensor?.dtype === dtype && tensor.shape.join() === shape.join()) return tensor;
  throw new DataError(
    `the checkpoint does not belong to this network: "${name}" is ${dtype}[${shape}], and it ` +
      `${tensor ? `has it as ${tensor.dtype}[${tensor.shape}]` : "lacks it"}; start without --resume`,
  );
}
