import { arch, versions } from "node:process";
import { expect, test } from "vitest";
import { checkCombination, combinations, families, fillCount, tiers } from "../test/kernel-matrix.js";
import { everyOperator } from "../test/networks.js";
import { Random } from "../test/programs.js";
import { EnvironmentError, InputError } from "./errors.js";
import { writeSbq } from "./format/writer.js";
import { load } from "./load.js";
import { createReference } from "./reference/reference.js";

const network = everyOperator(new Random(5), { bits: 4 });
const file = writeSbq(network);
const hasThem = arch === "x64" && Number.parseInt(versions.node, 10) >= 24;

test("wide vectors give the same bits, and fallback says where there are none", async () => {
  const model = await load(file, { wideVectors: true });
  const images = new Random(6).bytes(50 * 192);
  // Often enough that V8 optimizes the kernels, which is where it joins vectors.
  const expected = createReference(network).run(images, 50);
  for (let turn = 0; turn < 20; turn++) expect(await model.run(images)).toEqual(expected);
  if (hasThem) expect(model.fallback).toBeUndefined();
  else {
    expect(model.fallback).toBeInstanceOf(EnvironmentError);
    expect(model.fallback).toMatchObject({
      code: "no-wide-vectors",
      message: expect.stringMatching(/Node|processors/),
    });
  }
  model.dispose();
});

test.skipIf(!tiers.includes("fused"))("kernels with wide vectors equal the reference", async () => {
  await load(file, { wideVectors: true }); // in the whole process
  for (const [family, cases] of Object.entries(families))
    for (const [i, each] of cases.entries())
      for (const options of combinations.filter((_, j) => j % fillCount === i % fillCount))
        await checkCombination(family, each, options, "fused");
});

test("wideVectors is true or false", async () => {
  await expect(load(file, { wideVectors: 1 as unknown as boolean })).rejects.toThrow(InputError);
  const model = await load(file, { wideVectors: false });
  expect(model.fallback).toBeUndefined();
  model.dispose();
});
