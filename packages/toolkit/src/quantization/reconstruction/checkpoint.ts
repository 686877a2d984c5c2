/**
 * @file The checkpoint of a reconstruction: the learned state of the current unit, the constants that finished units
 * changed, and the settings.
 */

import type { Graph, Tensor } from "@subbyte/graph";
import * as v from "valibot";
import {
  type CheckpointKind,
  type RunSettings,
  readCheckpointIfAny,
  requireSameSettings,
  writeCheckpoint,
} from "../../training/checkpoint.js";

export interface ReconstructionPosition {
  /** Finished units. */
  readonly units: number;
  /** Finished iterations of the next unit. */
  readonly iterations: number;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const reconstruction: CheckpointKind<ReconstructionPosition> = {
  name: "reconstruction",
  position: v.object({ units: count, iterations: count }),
};

export interface ReconstructionCheckpoint {
  readonly position: ReconstructionPosition;
  /** Constants, by name, that differ from the original graph. */
  readonly constants: ReadonlyMap<string, Tensor>;
  /** State of the learner; empty between units. */
  readonly state: ReadonlyMap<string, Tensor>;
}

const CONSTANT = "constant:";
const STATE = "state:";

/** @throws {MachineError} if the file cannot be written; an earlier one then stays intact */
export async function writeReconstruction(
  path: string,
  settings: RunSettings,
  { position, constants, state }: ReconstructionCheckpoint,
): Promise<void> {
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of constants) tensors.set(CONSTANT + name, tensor);
  for (const [name, tensor] of state) tensors.set(STATE + name, tensor);
  await writeCheckpoint(path, reconstruction, { settings, position, tensors });
}

/**
 * The checkpoint at `path`; undefined if there is none yet.
 * @throws {DataError} if the file is damaged or not a checkpoint
 * @throws {UsageError} if it belongs to another run
 */
export async function readReconstruction(
  path: string,
  settings: RunSettings,
): Promise<ReconstructionCheckpoint | undefined> {
  const checkpoint = await readCheckpointIfAny(path, reconstruction);
  if (!checkpoint) return undefined;
  requireSameSettings(path, checkpoint.settings, settings);
  const startingWith = (prefix: string) =>
    new Map(
      [...checkpoint.tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, t]) => [name.slice(prefix.length), t]),
    );
  return { position: checkpoint.position, constants: startingWith(CONSTANT), state: startingWith(STATE) };
}

/** Number of steps of the run that wrote a checkpoint; undefined if there is none yet. */
export async function readChosenSteps(path: string): Promise<{ iterations: number; endToEnd: number } | undefined> {
  const checkpoint = await readCheckpointIfAny(path, reconstruction);
  if (!checkpoint) return undefined;
  const { iterations, endToEnd } = checkpoint.settings;
  return { iterations: Number(iterations), endToEnd: Number(endToEnd) };
}

/** The constants of `now` that are not those of `before`. */
export const changedConstants = (before: Graph, now: Graph): ReadonlyMap<string, Tensor> =>
  new Map([...now.tensors].filter(([name, tensor]) => before.tensors.get(name) !== tensor));
