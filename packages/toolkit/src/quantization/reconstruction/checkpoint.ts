/**
 * @file Where a reconstruction stands, as a safetensors file: the learned state of the unit at hand, the constants that finished
 * units changed, and the settings, so that it is only resumed as what it was.
 */

import { readFile } from "node:fs/promises";
import type { Graph, Tensor } from "@subbyte/graph";
import { DataError, MachineError } from "../../errors.js";
import { writeFileAtomic } from "../../files.js";
import { type RunSettings, requireSameSettings } from "../../training/checkpoint.js";
import { readSafetensors, writeSafetensors } from "../../weights/index.js";

export interface ReconstructionPosition {
  /** Finished units. */
  readonly units: number;
  /** Finished iterations of the next one. */
  readonly iterations: number;
}

export interface ReconstructionCheckpoint {
  readonly position: ReconstructionPosition;
  /** Constants by name that differ from the graph at the beginning. */
  readonly constants: ReadonlyMap<string, Tensor>;
  /** State of the learner; empty between units. */
  readonly state: ReadonlyMap<string, Tensor>;
}

const VERSION = "1";
const KEYS = { version: "subbyte.reconstruction", settings: "subbyte.settings", position: "subbyte.position" };
const CONSTANT = "constant:";
const STATE = "state:";

/** @throws {MachineError} where the file cannot be written; an earlier one is then intact */
export async function writeReconstruction(
  path: string,
  settings: RunSettings,
  { position, constants, state }: ReconstructionCheckpoint,
): Promise<void> {
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of constants) tensors.set(CONSTANT + name, tensor);
  for (const [name, tensor] of state) tensors.set(STATE + name, tensor);
  const metadata = {
    [KEYS.version]: VERSION,
    [KEYS.settings]: JSON.stringify(settings),
    [KEYS.position]: JSON.stringify(position),
  };
  await writeFileAtomic(path, writeSafetensors(tensors, metadata));
}

/**
 * The checkpoint at `path`, or undefined where there is none yet.
 * @throws {DataError} where the file is something else; {UsageError} where it belongs to another run
 */
export async function readReconstruction(
  path: string,
  settings: RunSettings,
): Promise<ReconstructionCheckpoint | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new MachineError(`"${path}" could not be read: ${(error as Error).message}`, { cause: error });
  }
  const { tensors, metadata } = readSafetensors(bytes, `"${path}"`);
  if (metadata[KEYS.version] !== VERSION)
    throw new DataError(`"${path}" is no checkpoint of a reconstruction; start without --resume`);
  requireSameSettings(path, JSON.parse(metadata[KEYS.settings]!) as RunSettings, settings);
  const startingWith = (prefix: string) =>
    new Map(
      [...tensors].filter(([name]) => name.startsWith(prefix)).map(([name, t]) => [name.slice(prefix.length), t]),
    );
  return {
    position: JSON.parse(metadata[KEYS.position]!) as ReconstructionPosition,
    constants: startingWith(CONSTANT),
    state: startingWith(STATE),
  };
}

/** The constants of `now` that are not those of `before`. */
export const changedConstants = (before: Graph, now: Graph): ReadonlyMap<string, Tensor> =>
  new Map([...now.tensors].filter(([name, tensor]) => before.tensors.get(name) !== tensor));
