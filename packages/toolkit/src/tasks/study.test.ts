import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ImageCache } from "../data/cache.js";
import { InterruptedError, UsageError } from "../errors.js";
import {
  mergeStudyRuns,
  planStudyRuns,
  runStudyRuns,
  type StudyStateResult,
  studyStatus,
  type TaskEvent,
} from "./index.js";

let folder: string;
let cache: ImageCache;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-study-"));
  cache = ImageCache.fromEnvironment({ XDG_CACHE_HOME: folder });
  file = join(folder, "tiny.yaml");
  await writeFile(join(folder, "broken.onnx"), "no model");
  await writeFile(file, definition());
});
afterAll(() => rm(folder, { recursive: true }));

/** Few images and one epoch: accuracies mean nothing, but they are the same in every run. */
const definition = (epochs = 1) => `
name: tiny
threads: 1
networks:
  small: { arch: resnet8 }
  broken: { model: broken.onnx }
data: { digits: { data: mnist, limit: 200 } }
methods:
  mse: { task: quantize, method: mse, calibration-images: 16 }
  learned: { task: qat, method: mse, epochs: 1, lr: 0.001, calibration-images: 16 }
matrix: { network: small, bits: [8, 4] }
include: [{ network: broken, method: mse, bits: 8 }]
exclude: [{ method: learned, bits: 8 }]
train: { epochs: ${epochs}, batch: 32 }
latency: { turns: 1 }
`;

const study = (out: string) => ({ study: file, out: join(folder, out) });
const notes: string[] = [];
const context = () => ({
  cache,
  emit: (event: TaskEvent) => {
    if (event.type === "note" || event.type === "warning") notes.push(event.text);
  },
});
const statesOf = ({ runs }: StudyStateResult) => runs.map(({ run, state }) => `${run.id} ${state}`);
const figuresOf = ({ runs }: StudyStateResult) =>
  runs.map((each) =>
    each.state === "done" ? [each.record.result.accuracy, each.record.result.model?.sha256] : each.state,
  );
const resultFile = (out: string, id: string) => join(folder, out, "runs", id, "result.json");

const finished = [
  "small-digits-float done",
  "broken-digits-float failed",
  "small-digits-mse-w8a8-s0 done",
  "small-digits-mse-w4a4-s0 done",
  "small-digits-learned-w4a4-s0 done",
  "broken-digits-mse-w8a8-s0 failed",
  "small-digits-latency done",
  "broken-digits-latency failed",
];

let first: StudyStateResult;

test("a run that fails stops only those that need it, and says why", async () => {
  const state = (name: string) => studyStatus(study(name), context());
  await expect(state("first")).rejects.toMatchObject({ code: "study-missing" });
  first = await runStudyRuns(study("first"), context());
  expect(statesOf(first)).toEqual(finished);
  expect(statesOf(await state("first"))).toEqual(finished);
  const reasons = first.runs.flatMap((each) => (each.state === "failed" ? [each.reason] : []));
  expect(reasons[0]).toMatch(/broken\.onnx/);
  expect(reasons[1]).toBe("it needs broken-digits-float, which failed");
});

test("results have what a report needs", () => {
  const records = first.runs.flatMap((each) => (each.state === "done" ? [each.record] : []));
  const [float, mse8, , learned, latency] = records;
  expect(float!.result.history).toHaveLength(1);
  expect(float!.commands).toEqual(
    [
      "subbyte train --batch 32 --epochs 1 --arch resnet8 --data mnist --limit 200 --threads 1 --out small-digits-float",
      "subbyte evaluate small-digits-float/best.safetensors --arch resnet8 --data mnist --limit 200 --threads 1",
    ].map((line) => expect.toSatisfy((found: string) => sameWords(found, line))),
  );
  const { accuracy, agreement, model } = mse8!.result;
  const right = accuracy!.top1 * accuracy!.images;
  const floatRight = float!.result.accuracy!.top1 * accuracy!.images;
  expect(Math.round(right - floatRight)).toBe(agreement!.gained - agreement!.lost);
  expect(agreement!.share).toBeGreaterThan(0.5);
  expect(accuracy!.confusion!.flat().reduce((sum, count) => sum + count, 0)).toBe(accuracy!.images);
  expect(model!.bytes).toBeGreaterThan(1000);
  expect(learned!.result.history).toHaveLength(1);
  expect(latency!.result.latency!.map(({ contestant, bits }) => [contestant, bits])).toEqual([
    ["own-w8a8", "w8a8"],
    ["own-w4a4", "w4a4"],
  ]);
  expect(latency!.result.latency!.every(({ milliseconds }) => milliseconds > 0)).toBe(true);
});

const sameWords = (a: string, b: string) => String(a.split(" ").toSorted()) === String(b.split(" ").toSorted());

test("what is finished is not done again; a result that was cut is, with the same figures", async () => {
  const [kept, cut] = ["small-digits-mse-w8a8-s0", "small-digits-mse-w4a4-s0"].map((id) => resultFile("first", id));
  const { mtimeMs } = await stat(kept!);
  await truncate(cut!, 300);
  notes.length = 0;
  const second = await runStudyRuns(study("first"), context());
  expect(notes.join("\n")).toMatch(/small-digits-mse-w4a4-s0: its result file was truncated or changed/);
  expect(figuresOf(second)).toEqual(figuresOf(first));
  expect((await stat(kept!)).mtimeMs).toBe(mtimeMs);
});

test("one index alone, after what it needs; side by side in processes; both give the same figures", async () => {
  const only = await runStudyRuns({ ...study("second"), index: [3] }, context());
  expect(statesOf(only).filter((state) => state.endsWith("done"))).toEqual([finished[0], finished[3]]);
  const planned = join(folder, "second");
  const cut = resultFile("second", "small-digits-float");
  const whole = await readFile(cut);
  await truncate(cut, 100);
  const strict = await runStudyRuns({ study: planned, index: [2, 4], requireNeeds: true }, context());
  const reasons = strict.runs.flatMap((each) => (each.state === "failed" ? [each.reason] : []));
  expect(reasons).toEqual(Array(2).fill("it needs small-digits-float, which is not finished"));
  await writeFile(cut, whole);
  await expect(runStudyRuns({ study: planned, requireNeeds: true }, context())).rejects.toMatchObject({
    code: "option-conflict",
  });
  const all = await runStudyRuns({ study: planned, jobs: 2 }, context());
  expect(statesOf(all)).toEqual(finished);
  expect(figuresOf(all)).toEqual(figuresOf(first));
  await expect(runStudyRuns({ study: planned, index: [8] }, context())).rejects.toMatchObject({ code: "option-value" });
}, 900_000);

test("a study that has changed since its first run is refused with the difference, unless replan accepts it", async () => {
  await writeFile(
    file,
    definition(2).replace("[8, 4]", "[8, 3]").replace("method: learned, bits: 8", "method: learned"),
  );
  const refusal = planStudyRuns(study("first"), context());
  await expect(refusal).rejects.toBeInstanceOf(UsageError);
  const error = (await refusal.catch((thrown: unknown) => thrown)) as UsageError;
  expect(error.code).toBe("study-changed");
  const { changes } = error.data as unknown as { changes: readonly string[] };
  expect(changes).toContain("small-digits-mse-w4a4-s0 is gone");
  expect(changes).toContain("small-digits-mse-w3a3-s0 is new");
  expect(changes).toContain("small-digits-float: train epochs 1 → 2");
  const accepted = await planStudyRuns({ ...study("first"), replan: true }, context());
  expect(accepted.runs.map(({ id }) => id)).toContain("small-digits-mse-w3a3-s0");
  expect(statesOf(await studyStatus(study("first"), context()))[0]).toBe("small-digits-float waiting");
  await writeFile(file, definition());
});

test("merging gathers what is finished and names what is missing", async () => {
  const { out, runs, missing } = await mergeStudyRuns({ study: join(folder, "second") }, context());
  expect(runs.map(({ id }) => id)).toEqual(
    finished.flatMap((state) => (state.endsWith("done") ? [state.replace(" done", "")] : [])),
  );
  expect(missing.map(({ id, state }) => `${id} ${state}`)).toEqual(
    finished.filter((state) => state.endsWith("failed")),
  );
  const written = JSON.parse(await readFile(out, "utf8"));
  expect(written.runs).toEqual(JSON.parse(JSON.stringify(runs)));
  expect(JSON.stringify(written.runs)).not.toContain(folder);
});

test("an interruption leaves what is finished, and the rest comes out the same", async () => {
  const interruption = new AbortController();
  const emit = (event: TaskEvent) => {
    if (event.type === "phase" && event.detail?.startsWith("small-digits-learned")) interruption.abort();
  };
  const interrupted = runStudyRuns(study("third"), { cache, emit, signal: interruption.signal });
  await expect(interrupted).rejects.toBeInstanceOf(InterruptedError);
  const states = statesOf(await studyStatus(study("third"), context()));
  expect(states.slice(0, 5)).toEqual([...finished.slice(0, 4), "small-digits-learned-w4a4-s0 waiting"]);
  expect(figuresOf(await runStudyRuns(study("third"), context()))).toEqual(figuresOf(first));
});
