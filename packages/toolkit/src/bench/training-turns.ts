/** @file Takes training steps in turn: ours in this process, those of PyTorch in its own. */

import { Random } from "../random.js";
import type { NodeTime } from "../runtime/profile-file.js";
import { buildTrainingStep } from "../training/classifier-step.js";
import { floatBatch, smoothImages } from "./network.js";
import { CLASSES, type TrainedNetwork } from "./training-networks.js";

/** Duration of one step. */
export interface StepTime {
  readonly milliseconds: number;
  /** Processor time of all threads; it does not count other programs' use of the cores. */
  readonly cpuMilliseconds: number;
}

export interface TrainingContestant {
  readonly name: string;
  step(): Promise<StepTime>;
  release(): Promise<void>;
}

interface OwnContestant extends TrainingContestant {
  /** The time of each node in each step. */
  profile(): Promise<readonly NodeTime[]>;
}

const RATE = 1e-4;

/** Our step on smooth random images; their content does not change the time. */
export async function ownContestant(
  name: string,
  { graph, step: options }: TrainedNetwork,
  { threads, seed, profiled = false }: { readonly threads: number; readonly seed: number; readonly profiled?: boolean },
): Promise<OwnContestant> {
  const { batchSize } = options;
  const size = graph.inputs[0]!.shape![2] as number;
  const images = floatBatch(smoothImages(seed, batchSize, size), size);
  const random = Random.derive(seed, "bench labels");
  const labels = Int32Array.from({ length: batchSize }, () => random.integer(CLASSES));
  const step = await buildTrainingStep(graph, { ...options, session: { threads, profiled } });
  let t = 0;
  return {
    name,
    step: async () => {
      const [start, used] = [performance.now(), process.cpuUsage()];
      await step.run({ images, labels }, RATE, ++t);
      const { user, system } = process.cpuUsage(used);
      return { milliseconds: performance.now() - start, cpuMilliseconds: (user + system) / 1000 };
    },
    profile: () => step.profile(),
    release: () => step.release(),
  };
}

/** Steps of each contestant before the measurement, in which memory is allocated and planned. */
const WARM_UP_STEPS = 3;

/**
 * Takes steps in turn. Turn t begins with contestant t mod n, so that a load that rises or falls favours nobody.
 *
 * @returns an entry per turn, by name
 */
export async function takeStepsInTurn(
  contestants: readonly TrainingContestant[],
  {
    turns,
    onTurn,
    signal,
  }: { readonly turns: number; readonly onTurn?: (done: number) => void; readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, readonly StepTime[]>> {
  const times = new Map(contestants.map(({ name }) => [name, [] as StepTime[]]));
  for (let turn = -WARM_UP_STEPS; turn < turns; turn++) {
    for (let i = 0; i < contestants.length; i++) {
      signal?.throwIfAborted();
      const contestant = contestants[(i + Math.max(0, turn)) % contestants.length]!;
      const time = await contestant.step();
      if (turn >= 0) times.get(contestant.name)!.push(time);
    }
    if (turn >= 0) onTurn?.(turn + 1);
  }
  return times;
}
