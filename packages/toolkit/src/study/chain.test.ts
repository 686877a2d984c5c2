import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ImageCache } from "../data/cache.js";
import { runStudyRuns, type StudyStateResult } from "../tasks/index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-chain-"));
});
afterAll(() => rm(folder, { recursive: true }));

const definition = `
name: chained
threads: 1
networks: { small: { arch: resnet8 } }
data: { digits: { data: mnist, limit: 200 } }
methods: { qat: { task: qat, chain: true, method: mse, epochs: 1, lr: 0.001, calibration-images: 16 } }
matrix: { bits: [8, 4] }
train: { epochs: 1, batch: 32 }
`;

const recordsOf = ({ runs }: StudyStateResult) => runs.map((each) => (each.state === "done" ? each.record : undefined));

test("the stages of a chain are trained once and evaluated one by one; a stage's file can be imported", async () => {
  const file = join(folder, "chained.yaml");
  await writeFile(file, definition);
  const context = { cache: ImageCache.fromEnvironment({ XDG_CACHE_HOME: folder }) };
  const out = join(folder, "first");
  const [, chain, wide, narrow] = recordsOf(await runStudyRuns({ study: file, out }, context));
  expect(chain!.result.stages!.map(({ bits, history }) => [bits, history.length])).toEqual([
    [8, 1],
    [4, 1],
  ]);
  expect(wide!.result.model!.bytes).toBeGreaterThan(narrow!.result.model!.bytes);
  expect(narrow!.result.history).toEqual(chain!.result.stages![1]!.history);
  expect(chain!.commands[0]).toMatch(/^subbyte qat small-digits-float\/best\.safetensors .*--bits 8,4 /);
  expect(narrow!.commands).toEqual([expect.stringMatching(/^subbyte evaluate small-digits-qat-chain-s0\/w4a4\.sbq /)]);

  const work = join(out, "runs", "small-digits-qat-chain-s0", "work");
  const imports = [8, 4].map((bits) => `small/digits/qat/${bits}/0=${join(work, `w${bits}a${bits}.sbq`)}`);
  const imported = await runStudyRuns({ study: file, out: join(folder, "second"), imports }, context);
  expect(imported.runs.map(({ run }) => run.kind)).toEqual(["float", "quantized", "quantized"]);
  const figures = (record: typeof wide | undefined) => [record!.result.accuracy, record!.result.model];
  const again = recordsOf(imported);
  expect(again.slice(1).map(figures)).toEqual([figures(wide), figures(narrow)]);
  expect(again[2]!.result.history).toHaveLength(1);
});
