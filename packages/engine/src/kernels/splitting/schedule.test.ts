import { describe, expect, test } from "vitest";
import { mobilenetV2, resnet20 } from "../../../scripts/networks.mjs";
import { convProgram } from "../../../test/convolutions.js";
import { combinations, families, tiers } from "../../../test/kernel-matrix.js";
import { everyOperator } from "../../../test/networks.js";
import { Random } from "../../../test/programs.js";
import { randomProgram } from "../../../test/random-program.js";
import type { Program } from "../../program/program.js";
import { bind } from "../../threads/team.js";
import { fusedProduct } from "../../wasm/fused-product.js";
import type { KernelName, Tier } from "../../wasm/modules.js";
import { compile, layOut } from "../executable.js";
import { scheduleSteps } from "./schedule.js";

/** Kernels whose calls were cut into parts. */
const cut = new Set<KernelName>();

/**
 * Runs the schedules of all threads one after the other, phase by phase, in the order and in the reverse: where a part needed
 * another of its phase, or wrote where another writes, one of the two would differ.
 */
async function expectSameForThreads(program: Program, tier: Tier, threads: number): Promise<void> {
  const size = program.tensors[program.input]!.shape.reduce((product, n) => product * n, 1);
  const image = new Random(7).bytes(size);
  const expected = (await compile(program, { tier })).run(image);
  const { constants, kernels, emitter, tables } = await layOut(program, tier, false);
  const schedules = scheduleSteps(constants, emitter.steps, emitter.scratch.forThreads(threads));
  const bytes = new Uint8Array(constants.memory.buffer);
  for (const [channel, table] of program.inputTables.entries()) bytes.set(table, tables + 256 * channel);
  const bound = schedules.map((schedule) => bind(schedule, kernels));
  expect(new Set(bound.map(({ length }) => length)).size).toBe(1);
  for (const [phase, calls] of schedules[1]!.entries())
    for (const { kernel } of calls) if (schedules[0]![phase]!.length > 0) cut.add(kernel);
  for (const order of [bound, bound.toReversed()]) {
    bytes.set(image, emitter.plan.image);
    for (const [phase] of bound[0]!.entries())
      for (const schedule of order) for (const { run, task } of schedule[phase]!) run(task);
    const logits = new Float32Array(constants.memory.buffer, emitter.logits, program.classes);
    const bad = logits.findIndex((value, i) => value !== expected[i]);
    if (bad !== -1) throw new Error(`logit ${bad} is ${logits[bad]} on ${threads} threads, ${expected[bad]} on one`);
    logits.fill(Number.NaN);
  }
}

describe.each(tiers)("%s: parts of a run give the bits of the whole", (tier) => {
  for (const [family, cases] of Object.entries(families))
    test(`${family} convolutions`, async () => {
      for (const [i, c] of cases.entries())
        for (const [j, options] of combinations.entries())
          if ((i + j) % 11 === 0)
            await expectSameForThreads(convProgram(c, { ...options, zeroPoint: 2 }), tier, 2 + ((i + j) % 4));
    });

  test("every operator, random programs, whole networks", async () => {
    for (const bits of [2, 4, 8])
      for (const linearLogits of [true, false])
        await expectSameForThreads(everyOperator(new Random(bits), { bits, linearLogits }), tier, 2 + (bits % 3));
    for (let seed = 1; seed <= 40; seed++)
      await expectSameForThreads(randomProgram(seed, 1 + (seed % 12)), tier, 2 + (seed % 3));
    for (const activations of [4, 8])
      await expectSameForThreads(resnet20({ weights: 4, activations, classes: 10 }), tier, 2);
    await expectSameForThreads(mobilenetV2({ weights: 4, activations: 4, size: 33, classes: 7 }), tier, 3);
  });
});

test("every kernel that does more than a border was cut", () => {
  const plain = [
    "add",
    "averagePool",
    "convD8",
    "convP4",
    "depthwiseByteColumns",
    "depthwiseByteNarrow",
    "depthwiseByteWide",
    "gather",
    "input",
  ];
  const more = ["logitsD8", "maxPool", "move", "table", "winogradD8", "winograd4D8"];
  const relaxed = ["convR4", "convR8", "logitsR4", "winogradR4"];
  const fused =
    fusedProduct() === "signed"
      ? ["convS8", "depthwiseF8Columns", "logitsS8", "winogradS8"]
      : ["convF8", "depthwiseF8Columns", "logitsF8", "winogradF8"];
  const expected = [
    ...plain,
    ...more,
    ...(tiers.includes("relaxed") ? relaxed : []),
    ...(tiers.includes("fused") ? fused : []),
  ];
  expect(expected.filter((kernel) => !cut.has(kernel as KernelName))).toEqual([]);
});
