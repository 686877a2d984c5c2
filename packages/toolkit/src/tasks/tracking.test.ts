import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ImageCache } from "../data/cache.js";
import { readEventFile } from "../testing/event-files.js";
import type { EpochRecord } from "../training/index.js";
import { trainModel, trainQuantizedModel } from "./index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-tracking-"));
});
afterAll(() => rm(folder, { recursive: true }));

const options = { data: "mnist", limit: 300, batch: 32, threads: 1, epochs: 1 } as const;
const context = () => ({ cache: ImageCache.fromEnvironment({ XDG_CACHE_HOME: folder }) });

/** The scalars of the event files in a folder, in the order of their files: `[tag, step, value]`. */
async function scalars(...path: string[]) {
  const names = (await readdir(join(folder, ...path))).filter((name) => name.startsWith("events.")).sort();
  const events = (await Promise.all(names.map((name) => readEventFile(join(folder, ...path, name))))).flat();
  return events.flatMap(({ step, summary }) =>
    (summary?.value ?? []).map(({ tag, simple_value }) => [tag, Number(step ?? 0), simple_value] as const),
  );
}

/** The values that the event files must contain for the epochs of a training. */
const ofEpochs = (history: readonly EpochRecord[]) =>
  history.flatMap(({ epoch, step, trainLoss, trainAccuracy, validationLoss, validationAccuracy }) => [
    ["epoch", step, epoch],
    ["loss/train", step, Math.fround(trainLoss)],
    ["accuracy/train", step, Math.fround(trainAccuracy)],
    ["loss/validation", step, Math.fround(validationLoss!)],
    ["accuracy/validation", step, Math.fround(validationAccuracy!)],
  ]);
const isOfEpoch = ([tag]: readonly [string, number, number]) => /^(epoch$|loss|accuracy)/.test(tag);

test("`train` and a chain of `qat` write each epoch's figures, also after a resumption", async () => {
  const train = { ...options, arch: "resnet8", out: join(folder, "run"), tensorboard: join(folder, "events") } as const;
  const { history } = await trainModel(train, context());
  const written = await scalars("events");
  expect(written.filter(isOfEpoch)).toEqual(ofEpochs(history));
  const running = written.filter(([tag]) => tag === "running/loss");
  expect(running.map(([, step]) => step)).toEqual(Array.from({ length: history[0]!.step }, (_, i) => i + 1));
  expect(running.at(-1)![2]).toBe(Math.fround(history[0]!.trainLoss));

  const longer = await trainModel({ ...train, epochs: 2, resume: true }, context());
  expect((await scalars("events")).filter(isOfEpoch)).toEqual(ofEpochs(longer.history));

  const qat = { ...options, calibrationImages: 16, bits: [4, 3], out: join(folder, "qat") } as const;
  const model = join(folder, "run/best.safetensors");
  const { stages } = await trainQuantizedModel({ ...qat, model, tensorboard: join(folder, "chain") }, context());
  expect((await readdir(join(folder, "chain"))).sort()).toEqual(["w3a3", "w4a4"]);
  for (const { bits, history } of stages)
    expect((await scalars("chain", `w${bits}a${bits}`)).filter(isOfEpoch)).toEqual(ofEpochs(history));
}, 300_000);
