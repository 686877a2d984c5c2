import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32 } from "@subbyte/graph";
import fc from "fast-check";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataError, UsageError } from "../errors.js";
import { writeSafetensors } from "../weights/index.js";
import { readCheckpoint, readCheckpointIfAny, requireSameSettings, writeCheckpoint } from "./checkpoint.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-checkpoint-"));
  path = join(folder, "checkpoint.safetensors");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = { name: "training run", position: v.object({ epoch: v.number(), note: v.string() }) };

const checkpoint = {
  settings: { seed: 3, schedule: "cosine" },
  position: { epoch: 2, note: '"subbyte.sha256":"' },
  tensors: new Map([
    ["w", float32([1, -2.5, 3], [3])],
    ["b", float32([0.1], [])],
  ]),
};

test("comes back as it was written", async () => {
  await writeCheckpoint(path, run, checkpoint);
  expect(await readCheckpoint(path, run)).toEqual(checkpoint);
});

test("a changed bit anywhere is noticed", async () => {
  await writeCheckpoint(path, run, checkpoint);
  const bytes = await readFile(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1 << bit;
      await writeFile(path, damaged);
      await expect(readCheckpoint(path, run)).rejects.toBeInstanceOf(DataError);
    }),
  );
});

test("other files are refused, each with its reason", async () => {
  await expect(readCheckpoint(path, run)).rejects.toThrow(UsageError);
  expect(await readCheckpointIfAny(path, run)).toBeUndefined();
  await writeCheckpoint(path, { ...run, name: "reconstruction" }, checkpoint);
  await expect(readCheckpoint(path, run)).rejects.toThrow(/a checkpoint of a reconstruction, not of a/);
  await writeFile(path, writeSafetensors(checkpoint.tensors));
  await expect(readCheckpoint(path, run)).rejects.toThrow(/not a checkpoint of a training run/);
  await writeFile(path, writeSafetensors(checkpoint.tensors, { "subbyte.checkpoint": "1" }));
  await expect(readCheckpoint(path, run)).rejects.toThrow(/version 1, but this program reads version 2/);
});

test("a position that makes no sense is refused, though the checksum is right", async () => {
  for (const position of [null, {}, { epoch: "2", note: "" }, [], "x"] as never[]) {
    await writeCheckpoint(path, run, { ...checkpoint, position });
    await expect(readCheckpoint(path, run)).rejects.toThrow(/"subbyte.position" that is missing or makes no sense/);
  }
  await writeCheckpoint(path, run, { ...checkpoint, settings: { seed: [] } as never });
  await expect(readCheckpoint(path, run)).rejects.toThrow(/"subbyte.settings" that is missing/);
});

test("settings that differ are named", () => {
  expect(() => requireSameSettings("x", { seed: 1, epochs: 2 }, { seed: 1, epochs: 3 })).toThrow(/epochs was 2, now 3/);
  requireSameSettings("x", { seed: 1 }, { seed: 1 });
});
