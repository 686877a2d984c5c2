/**
 * @file Runs the iterations of learning, for a unit or the whole network: feeds, learning rates, resuming, progress, and the
 * graph with hard codes at the end.
 */

import type { Graph, Tensor } from "@subbyte/graph";
import type { SessionOptions } from "../../runtime/session.js";
import type { Loss } from "../../training/losses/index.js";
import type { LearnedGraph } from "./learned-graph.js";
import { createLearner, type LearnerStep, learningStepGraph } from "./learner.js";
import { LearnedValues } from "./values.js";

export interface LearningRun {
  readonly seed: number;
  readonly session: SessionOptions;
  readonly signal?: AbortSignal | undefined;
  /** State to continue from, and the number of iterations that led to it. */
  readonly resume?: { readonly iterations: number; readonly state: ReadonlyMap<string, Tensor> } | undefined;
  /** Called after each iteration, with the number of finished ones. */
  readonly onIteration: (iterations: number, loss: number, state: ReadonlyMap<string, Tensor>) => Promise<void> | void;
}

type Feeds = Pick<LearnerStep, "feeds" | "target">;

export interface LearningTask {
  /** The whole quantized graph, of which `learned` is a part. */
  readonly graph: Graph;
  readonly learned: LearnedGraph;
  readonly loss: Loss;
  readonly iterations: number;
  /** Input, masks and target of an iteration, counted from 0. */
  readonly feeds: (iteration: number) => Feeds | Promise<Feeds>;
  readonly schedule: (iteration: number) => Omit<LearnerStep, "feeds" | "target" | "step">;
}

/** @returns the whole graph with the learned values and chosen codes */
export async function learn(task: LearningTask, run: LearningRun): Promise<Graph> {
  const { learned, loss, iterations, feeds, schedule } = task;
  const values = new LearnedValues(task.graph, learned);
  const learner = await createLearner(learningStepGraph(learned, loss), run.session);
  try {
    if (run.resume) learner.restore(run.resume.state);
    for (let i = run.resume?.iterations ?? 0; i < iterations; i++) {
      run.signal?.throwIfAborted();
      const { feeds: given, target } = await feeds(i);
      const fed = { ...given, ...values.biasDeltas(learner.state) };
      const error = await learner.run({ feeds: fed, target, ...schedule(i), step: i + 1 });
      await run.onIteration(i + 1, error, learner.state);
    }
    return values.harden(learner.state);
  } finally {
    await learner.release();
  }
}
