import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmdirSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expandForInference, type Graph, type Tensor } from "@subbyte/graph";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryImageSet, openImages } from "../data/index.js";
import { DataError, FailedRunError, InterruptedError, MachineError, UsageError } from "../errors.js";
import { buildModel, parameterNames, statisticsNames } from "../models/index.js";
import { place } from "../processes.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { readSafetensors } from "../weights/index.js";
import { distillationLoss } from "./losses/index.js";
import { train } from "./train.js";
import type { TrainOptions } from "./train-options.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-train-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Grey 8×8 images of three classes: noise with a bright band at the top, in the middle, or at the bottom. */
function bands(count: number, seed: number): MemoryImageSet {
  const random = new Random(seed);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const pixels = new Uint8Array(count * 64);
  labels.forEach((label, n) => {
    for (let i = 0; i < 64; i++) {
      const bright = Math.floor(i / 8 / 2.7) === label ? 90 : 0;
      pixels[n * 64 + i] = bright + random.integer(120);
    }
  });
  const classes = ["top", "middle", "bottom"];
  return new MemoryImageSet({
    name: "bands",
    split: "train",
    classes,
    channels: 1,
    storedHeight: 8,
    storedWidth: 8,
    labels,
    pixels,
    notes: [],
  });
}

/** Two convolutions with batch norm and a residual addition. */
const tiny = (seed = 3): Graph => buildModel("resnet8", { classes: 3, channels: 1, size: 8, seed });

const small = (extra: Partial<TrainOptions> = {}): TrainOptions => ({
  graph: tiny(),
  images: bands(50, 1),
  validation: bands(30, 2),
  epochs: 2,
  batchSize: 8, // Six batches an epoch, two images left over.
  rate: { learningRate: 0.05, schedule: { name: "cosine" }, warmupSteps: 2 },
  optimizer: { name: "sgd", nesterov: true },
  weightDecay: 1e-3,
  labelSmoothing: 0.1,
  clipNorm: 5,
  mean: [0.4],
  std: [0.3],
  augmentation: { cropPadding: 1, horizontalFlip: true },
  seed: 11,
  session: { threads: 1 },
  ...extra,
});

/** Aborts when `steps` steps are done. */
function stopAfter(steps: number): Pick<TrainOptions, "signal" | "onProgress"> {
  const controller = new AbortController();
  let done = 0;
  return {
    signal: controller.signal,
    onProgress: ({ phase }) => {
      if (phase === "train" && ++done === steps) controller.abort();
    },
  };
}

const files = ["best.safetensors", "last.safetensors"];

describe("a run that is stopped and resumed gives the same bytes as one that is not", () => {
  test.each([
    ["in the middle of the first epoch", {}, [4]],
    ["at the end of an epoch, before its validation", {}, [6]],
    ["three times, with AdamW and clipping by value", { optimizer: { name: "adamw" }, clipValue: 0.05 }, [2, 5, 1]],
  ] as [string, Partial<TrainOptions>, number[]][])("%s", async (_, extra, stops) => {
    const [straight, broken] = [join(folder, "straight"), join(folder, "broken")];
    const whole = await train(small({ ...extra, out: straight }));
    for (const [i, stop] of stops.entries()) {
      const run = train(small({ ...extra, out: broken, resume: i > 0, ...stopAfter(stop) }));
      await expect(run).rejects.toThrow(InterruptedError);
    }
    const resumed = await train(small({ ...extra, out: broken, resume: true }));
    for (const file of files) {
      const [a, b] = await Promise.all([readFile(join(straight, file)), readFile(join(broken, file))]);
      expect(a.equals(b), file).toBe(true);
    }
    const measured = (history: typeof whole.history) =>
      history.map(({ seconds: _s, imagesPerSecond: _i, ...values }) => values);
    expect(measured(resumed.history)).toEqual(measured(whole.history));
    expect(resumed.best.epoch).toBe(whole.best.epoch);
    expect(resumed.best.graph).toEqual(whole.best.graph);
    expect((await readdir(broken)).sort()).toEqual([
      "best.safetensors",
      "checkpoint.safetensors",
      "last.safetensors",
      "log.csv",
    ]);
  });

  test("after being killed between the best weights and the checkpoint that knows them", async () => {
    const [straight, broken] = [join(folder, "straight"), join(folder, "broken")];
    const whole = await train(small({ out: straight }));
    expect(whole.best.epoch).toBe(2); // Otherwise the second epoch has no best weights to write.
    const [checkpoint, kept] = [join(broken, "checkpoint.safetensors"), join(folder, "kept")];
    const killed = small({
      out: broken,
      onProgress: ({ phase, epoch }) => {
        if (phase !== "validate" || epoch !== 2 || existsSync(kept)) return;
        renameSync(checkpoint, kept);
        mkdirSync(checkpoint); // Nothing can be written in the place of a folder.
      },
    });
    await expect(train(killed)).rejects.toThrow(MachineError);
    rmdirSync(checkpoint);
    renameSync(kept, checkpoint);
    const resumed = await train(small({ out: broken, resume: true }));
    expect(resumed.best).toEqual(whole.best);
    const best = await Promise.all([straight, broken].map((run) => readFile(join(run, "best.safetensors"))));
    expect(best[0]!.equals(best[1]!)).toBe(true);
    expect((await readdir(broken)).sort()).toEqual((await readdir(straight)).sort());
  });

  test("after being killed between two checkpoints", async () => {
    const [straight, broken] = [join(folder, "straight"), join(folder, "broken")];
    await train(small({ out: straight }));
    const killed = small({
      out: broken,
      checkpointEvery: 4,
      onProgress: ({ epoch, step }) => {
        if (epoch === 2 && step === 4) throw new Error("killed"); // After step 10, the newest checkpoint is of step 8.
      },
    });
    await expect(train(killed)).rejects.toThrow("killed");
    const seen: string[] = [];
    const resumed = small({
      out: broken,
      resume: true,
      onProgress: ({ epoch, step }) => seen.push(`${epoch}.${step}`),
    });
    await train(resumed);
    expect(seen[0]).toBe("2.3");
    for (const file of files)
      expect((await readFile(join(straight, file))).equals(await readFile(join(broken, file))), file).toBe(true);
  });

  test("with the checkpoint's number of threads where none is given", async () => {
    const { session: _, ...unset } = small({ out: folder, resume: true });
    await expect(train(small({ out: folder, session: { threads: 3 }, ...stopAfter(2) }))).rejects.toThrow(/`resume`/);
    await expect(train({ ...unset, ...stopAfter(1) })).rejects.toThrow(InterruptedError);
    await expect(train({ ...unset, session: { threads: 1 } })).rejects.toThrow(/threads was 3, now 1/);
  });
});

test("learns, logs each epoch, and reports progress", async () => {
  const progress: number[] = [];
  const { history, validation, graph, best } = await train(
    small({ epochs: 8, out: folder, onProgress: ({ loss, secondsLeft }) => progress.push(loss, secondsLeft) }),
  );
  expect(history).toHaveLength(8);
  expect(history[7]!.trainLoss).toBeLessThan(history[0]!.trainLoss);
  expect(validation!.top1).toBeGreaterThan(0.8);
  expect(progress.every(Number.isFinite)).toBe(true);
  const log = (await readFile(join(folder, "log.csv"), "utf8")).trimEnd().split("\n");
  expect(log[0]).toBe(
    "epoch,step,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,images_per_second,seconds",
  );
  expect(log.map((line) => line.split(",").slice(0, 2).join())).toEqual([
    "epoch,step",
    "1,6",
    "2,12",
    "3,18",
    "4,24",
    "5,30",
    "6,36",
    "7,42",
    "8,48",
  ]);
  expect(log[8]!.split(",").map(Number)[3]).toBe(history[7]!.trainLoss);
  const last = readSafetensors(await readFile(join(folder, "last.safetensors")));
  const weights = [...parameterNames(graph), ...statisticsNames(graph)];
  expect([...last.tensors.keys()].sort()).toEqual(weights.sort());
  for (const name of weights) expect(last.tensors.get(name)).toEqual(graph.tensors.get(name));
  const accuracies = history.map(({ validationAccuracy }) => validationAccuracy!);
  expect(accuracies[best.epoch - 1]).toBe(Math.max(...accuracies));
});

test("a loss that is no longer finite ends the run, names the learning rate, and leaves the last good checkpoint", async () => {
  const diverging = small({
    out: folder,
    rate: { learningRate: 1e30, schedule: { name: "constant" }, warmupSteps: 1 },
    clipNorm: 1e30,
    checkpointEvery: 1,
  });
  const failure = await train(diverging).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FailedRunError);
  expect((failure as Error).message).toMatch(
    /diverged in epoch 1 near step \d: .*(first tensor that is not finite is|was not finite before|no longer finite).*\(`lr` 1e\+30\)/,
  );
  const { tensors } = readSafetensors(await readFile(join(folder, "checkpoint.safetensors")));
  expect(tensors.size).toBeGreaterThan(0);
  for (const { data } of tensors.values()) expect((data as Float32Array).every(Number.isFinite)).toBe(true);
});

describe("a folder holds one run", () => {
  test("which is not lost without a word", async () => {
    await train(small({ out: folder, epochs: 1 }));
    await expect(train(small({ out: folder, epochs: 1 }))).rejects.toThrow(/holds the checkpoint of an earlier run/);
    await train(small({ out: folder, epochs: 1, overwrite: true }));
  });

  test("and one process at a time", async () => {
    const [first, second] = await Promise.allSettled([
      train(small({ out: folder, epochs: 1 })),
      train(small({ out: folder, epochs: 1 })),
    ]);
    const failures = [first, second].filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    expect(failures).toHaveLength(1);
    expect(failures[0]!.reason).toBeInstanceOf(UsageError);
    expect(String(failures[0]!.reason)).toMatch(/is in use by process \d+/);
    expect(await readdir(folder)).not.toContain(".lock");
  });

  test("the lock of a process that has died is taken over", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    await writeFile(join(folder, ".lock"), JSON.stringify({ pid, host: hostname(), place, token: "theirs" }));
    await train(small({ out: folder, epochs: 1 }));
  });
});

describe("a finished run", () => {
  test("goes on for more epochs, with the schedule of the longer run", async () => {
    const rate = { learningRate: 0.05, schedule: { name: "constant" } } as const;
    const [straight, longer] = [join(folder, "straight"), join(folder, "longer")];
    const whole = await train(small({ rate, out: straight, epochs: 3 }));
    await train(small({ rate, out: longer, epochs: 2 }));
    const notes: string[] = [];
    const prolonged = await train(
      small({ rate, out: longer, epochs: 3, resume: true, onNote: (text) => notes.push(text) }),
    );
    expect(prolonged.graph).toEqual(whole.graph);
    expect(notes).toEqual(["The finished run of 2 epochs goes on to 3 epochs."]);
  });

  test("does not become a shorter one", async () => {
    await train(small({ out: folder, epochs: 2 }));
    await expect(train(small({ out: folder, epochs: 1, resume: true }))).rejects.toThrow(/epochs was 2, now 1/);
  });
});

test("stops early when epochs in a row were no better, and says so", async () => {
  const notes: string[] = [];
  const frozen = { rate: { learningRate: 0, schedule: { name: "constant" } } } as const;
  const { history, best } = await train(
    small({ ...frozen, freezeBatchNorm: true, epochs: 9, patience: 2, onNote: (text) => notes.push(text) }),
  );
  expect([history.length, best.epoch]).toEqual([3, 1]);
  expect(notes).toEqual(["Stopped after epoch 3 of 9: none of the last 2 epochs was better than epoch 1."]);
});

test("says that it has not improved for long", async () => {
  const notes: string[] = [];
  const frozen = { rate: { learningRate: 0, schedule: { name: "constant" } } } as const;
  await train(small({ ...frozen, freezeBatchNorm: true, epochs: 9, onNote: (text) => notes.push(text) }));
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(/has not improved for 3 epochs: \d+\.\d\d % in epoch 1 is the best so far/);
});

test("averaged weights are what is validated and kept, and resume bit for bit", async () => {
  const [straight, broken] = [join(folder, "straight"), join(folder, "broken")];
  const whole = await train(small({ averageDecay: 0.9, out: straight }));
  await expect(train(small({ averageDecay: 0.9, out: broken, ...stopAfter(4) }))).rejects.toThrow(InterruptedError);
  const resumed = await train(small({ averageDecay: 0.9, out: broken, resume: true }));
  expect(resumed.graph).toEqual(whole.graph);
  const plain = await train(small());
  const name = parameterNames(plain.graph)[0]!;
  expect(whole.graph.tensors.get(name)).not.toEqual(plain.graph.tensors.get(name));
});

test("learns a teacher's logits", async () => {
  const teacher = await createSession(expandForInference(tiny(5)), { threads: 1 });
  const target = async (input: Tensor) => Object.values(await teacher.run({ [teacher.inputs[0]!]: input }))[0]!;
  const { history } = await train(small({ epochs: 4, loss: distillationLoss(2), target, labelSmoothing: 0 }));
  expect(history[3]!.trainLoss).toBeLessThan(history[0]!.trainLoss);
  await teacher.release();
});

describe("resuming is refused", () => {
  test("where there is nothing", async () => {
    await expect(train(small({ out: folder, resume: true }))).rejects.toThrow(
      /there is no file .*checkpoint.safetensors/,
    );
  });

  test("with other settings, naming each", async () => {
    await expect(train(small({ out: folder, ...stopAfter(1) }))).rejects.toThrow(InterruptedError);
    const failure = train(small({ out: folder, resume: true, epochs: 3, weightDecay: 0, images: bands(50, 1) }));
    await expect(failure).rejects.toThrow(UsageError);
    await expect(failure).rejects.toThrow(/epochs was 2, now 3; weight decay was 0.001, now 0\. Resume/);
  });

  test("on images of the same name, number and size, but other content", async () => {
    await expect(train(small({ out: folder, ...stopAfter(1) }))).rejects.toThrow(InterruptedError);
    const failure = train(small({ out: folder, resume: true, images: bands(50, 9) }));
    await expect(failure).rejects.toThrow(/images was bands train, 50 images of 8×8, SHA-256 .*now bands/);
  });

  test("from a file of other content", async () => {
    await writeFile(join(folder, "checkpoint.safetensors"), "not a checkpoint");
    await expect(train(small({ out: folder, resume: true }))).rejects.toThrow(DataError);
  });
});

test("a loss that is a number, but beyond hope, fails the run", async () => {
  const rate = { learningRate: 300, schedule: { name: "constant" } } as const;
  const hopeless = train(small({ rate, epochs: 1, freezeBatchNorm: true, clipNorm: 1000 }));
  await expect(hopeless).rejects.toBeInstanceOf(FailedRunError);
});

test("bad options are refused before any work", async () => {
  await expect(train(small({ epochs: 0 }))).rejects.toThrow(/`epochs` 0: it takes a whole number from 1/);
  await expect(train(small({ checkpointEvery: 0 }))).rejects.toThrow(UsageError);
  const other = buildModel("resnet8", { classes: 10, channels: 1, size: 8 });
  await expect(train(small({ graph: other }))).rejects.toThrow(/has 10 classes, but "bands" has 3/);
});

test("MNIST: a small network is well above chance after sixty steps", async () => {
  const [images, validation] = await Promise.all([
    openImages("mnist", { split: "train", limit: 960 }),
    openImages("mnist", { split: "test", limit: 200 }),
  ]);
  const result = await train({
    graph: buildModel("resnet8", { classes: 10, channels: 1, size: 28 }),
    images,
    validation,
    epochs: 2,
    batchSize: 32,
    rate: { learningRate: 0.2, schedule: { name: "one-cycle" } },
    optimizer: { name: "sgd" },
    mean: [0.1307],
    std: [0.3081],
  });
  expect(result.validation!.top1).toBeGreaterThan(0.3);
});
