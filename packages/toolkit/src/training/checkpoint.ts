/**
 * @file The state of a run that learns (training, reconstruction) as a safetensors file. It has all tensors that steps change,
 * and in its metadata the position, the settings and a checksum, so that only the same run can be resumed. Random streams
 * derive from seed, epoch and position and need no state of their own.
 *
 * The checksum is the SHA-256 of the file with zeros in place of the checksum. Without it, a checkpoint in which a single bit
 * has changed would silently lead to another result.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Tensor } from "@subbyte/graph";
import * as v from "valibot";
import { DataError, MachineError, UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { readSafetensors, writeSafetensors } from "../weights/index.js";

/** The settings that decide the outcome of a run, as texts and numbers that can be compared. */
export type RunSettings = Readonly<Record<string, string | number | boolean | null>>;

/** The kind of run that wrote a checkpoint, and the type of its position. */
export interface CheckpointKind<Position> {
  readonly name: string;
  readonly position: v.GenericSchema<unknown, Position>;
}

export interface Checkpoint<Position> {
  readonly settings: RunSettings;
  readonly position: Position;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const VERSION = "2";
const KEYS = {
  kind: "subbyte.checkpoint",
  version: "subbyte.version",
  settings: "subbyte.settings",
  position: "subbyte.position",
  checksum: "subbyte.sha256",
} as const;

const NO_CHECKSUM = "0".repeat(64);

/** @throws {MachineError} if the file cannot be written; an earlier one then stays intact. */
export async function writeCheckpoint<Position>(
  path: string,
  { name: kind }: CheckpointKind<Position>,
  { settings, position, tensors }: Checkpoint<Position>,
): Promise<void> {
  const bytes = writeSafetensors(tensors, {
    [KEYS.checksum]: NO_CHECKSUM,
    [KEYS.kind]: kind,
    [KEYS.version]: VERSION,
    [KEYS.settings]: JSON.stringify(settings),
    [KEYS.position]: JSON.stringify(position),
  });
  const place = checksumPlace(bytes)!;
  place.set(Buffer.from(createHash("sha256").update(bytes).digest("hex")));
  await writeFileAtomic(path, bytes);
}

/**
 * @throws {UsageError} if there is no such file
 * @throws {DataError} if it is not a checkpoint of that kind, or is damaged
 */
export async function readCheckpoint<Position>(
  path: string,
  kind: CheckpointKind<Position>,
): Promise<Checkpoint<Position>> {
  return parseCheckpoint(path, await readRunFile(path), kind);
}

/** As `readCheckpoint`, but undefined if there is no such file. */
export async function readCheckpointIfAny<Position>(
  path: string,
  kind: CheckpointKind<Position>,
): Promise<Checkpoint<Position> | undefined> {
  const bytes = await readIfAny(path);
  return bytes && parseCheckpoint(path, bytes, kind);
}

function parseCheckpoint<Position>(
  path: string,
  bytes: Uint8Array,
  { name: kind, position: positionSchema }: CheckpointKind<Position>,
): Checkpoint<Position> {
  const { tensors, metadata } = readSafetensors(bytes, `"${path}"`);
  const found = metadata[KEYS.kind];
  if (found === undefined)
    throw new DataError(
      "wrong-checkpoint",
      { file: path, reason: `no checkpoint of a ${kind}` },
      `"${path}" holds tensors, but is not a checkpoint of a ${kind}; start without \`resume\``,
    );
  if (metadata[KEYS.version] !== VERSION)
    throw new DataError(
      "wrong-checkpoint",
      { file: path, reason: "another version", found: metadata[KEYS.version] ?? "1", expected: VERSION },
      `"${path}" is a checkpoint of version ${metadata[KEYS.version] ?? "1"}, but this program reads version ${VERSION}; ` +
        "start without `resume`",
    );
  requireChecksum(path, bytes, metadata[KEYS.checksum]);
  if (found !== kind)
    throw new DataError(
      "wrong-checkpoint",
      { file: path, reason: `no checkpoint of a ${kind}`, found },
      `"${path}" is a checkpoint of a ${found}, not of a ${kind}; start without \`resume\``,
    );
  const valid = <T>(key: string, schema: v.GenericSchema<unknown, T>): T => {
    const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), metadata[key]);
    if (result.success) return result.output;
    throw new DataError(
      "wrong-checkpoint",
      { file: path, reason: `${key}: ${result.issues[0].message}` },
      `"${path}" has metadata "${key}" that is missing or makes no sense; the file is damaged: start without \`resume\``,
    );
  };
  return { settings: valid(KEYS.settings, settingsSchema), position: valid(KEYS.position, positionSchema), tensors };
}

const settingsSchema = v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()])));

function requireChecksum(path: string, bytes: Uint8Array, expected: string | undefined): void {
  const copy = bytes.slice();
  checksumPlace(copy)?.fill("0".charCodeAt(0));
  if (createHash("sha256").update(copy).digest("hex") === expected) return;
  throw new DataError(
    "wrong-checkpoint",
    { file: path, reason: "the checksum does not fit" },
    `"${path}" was changed after it was written: its checksum does not fit. Resumed from it, the run would give another ` +
      "result; restore the file from a copy, or start without `resume`",
  );
}

/** The bytes of the checksum's digits within a file. */
function checksumPlace(bytes: Uint8Array): Uint8Array | undefined {
  const key = `"${KEYS.checksum}":"`;
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(key);
  return at < 0 ? undefined : bytes.subarray(at + key.length, at + key.length + NO_CHECKSUM.length);
}

/**
 * @throws {UsageError} if there is no such file
 * @throws {MachineError} if it cannot be read
 */
export async function readRunFile(path: string): Promise<Uint8Array> {
  const bytes = await readIfAny(path);
  if (bytes) return bytes;
  throw new UsageError(
    "checkpoint-missing",
    { file: path },
    `there is no file "${path}" to resume from; start without \`resume\`, or give the run's folder`,
  );
}

export async function readIfAny(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new MachineError(
      "read-failed",
      { file: path, reason: (error as Error).message },
      `"${path}" could not be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/**
 * The setting with the hash of the step graph. If another setting changes, this hash changes, too, and messages name only the
 * other.
 */
export const computation = "model and step (hash)";

/** @throws {UsageError} that names every setting that differs between the checkpoint and the run to be resumed */
export function requireSameSettings(path: string, saved: RunSettings, now: RunSettings): void {
  const differing = [...new Set([...Object.keys(saved), ...Object.keys(now)])].filter(
    (name) => saved[name] !== now[name],
  );
  if (differing.length === 0) return;
  const told = differing.length === 1 ? differing : differing.filter((name) => name !== computation);
  throw new UsageError(
    "settings-changed",
    { file: path, options: told },
    `"${path}" cannot be resumed with other settings than it began with: ` +
      `${told.map((name) => `${name} was ${saved[name]}, now ${now[name]}`).join("; ")}. ` +
      "Resume with the same settings, or start without `resume`",
  );
}
