import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { cellName } from "./definition.js";
import { planStudy } from "./plan.js";
import { readStudy } from "./read-study.js";

const study = (more = "", matrix = "{ bits: [8, 4] }") => `
name: example
networks: { small: { arch: resnet8 } }
data: { digits: { data: mnist, limit: 300 } }
methods:
  mse: { task: quantize, method: mse }
  learned: { task: qat, epochs: 2 }
matrix: ${matrix}
${more}`;

const cellsOf = (text: string) => readStudy(text, "example.yaml").study.cells.map(cellName);
const planOf = (text: string) => {
  const { study: definition, document } = readStudy(text, "example.yaml");
  return planStudy(definition, (name) => `/nowhere/${name}`, document);
};
/** The faults of a study, each with its line. */
async function faultsOf(text: string): Promise<readonly string[]> {
  const error = await planOf(text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UsageError);
  const { code, data } = error as UsageError;
  expect(code).toBe("invalid-study");
  return (data as unknown as { faults: readonly string[] }).faults;
}

describe("cells", () => {
  test("are the product of the matrix, networks first, seeds last", () => {
    expect(cellsOf(study("", "{ bits: [8, 4], seed: [0, 1], method: mse }"))).toEqual([
      "small-digits-mse-w8a8-s0",
      "small-digits-mse-w8a8-s1",
      "small-digits-mse-w4a4-s0",
      "small-digits-mse-w4a4-s1",
    ]);
  });

  test("lose what is excluded and gain what is included", () => {
    const more = "exclude: [{ method: learned, bits: 8 }]\ninclude: [{ method: learned, bits: w2a4 }]";
    expect(cellsOf(study(more))).toEqual([
      "small-digits-mse-w8a8-s0",
      "small-digits-mse-w4a4-s0",
      "small-digits-learned-w4a4-s0",
      "small-digits-learned-w2a4-s0",
    ]);
  });

  test("take bit widths with options of their own, in a study that is JSON as well", () => {
    const json = JSON.stringify({
      name: "json",
      networks: { small: { arch: "resnet8" } },
      data: { digits: { data: "mnist" } },
      methods: { mse: { task: "quantize", method: "mse" } },
      bits: { all4: { weights: 4, activations: 4, "first-last-bits": 4 } },
      matrix: { bits: ["all4", "w4a4"] },
    });
    const { study: definition } = readStudy(json, "example.json");
    expect(definition.cells.map(({ bits }) => bits)).toEqual(["all4", "w4a4"]);
    expect(definition.bits.all4!.options).toEqual({ weights: 4, activations: 4, firstLastBits: 4 });
  });
});

describe("a plan", () => {
  test("numbers the float network before what is made of it, with the options of each task", async () => {
    const text = study("train: { epochs: 3 }\nsettings: [{ where: { bits: 4 }, qat: { lr: 0.01 } }]\nthreads: 1");
    const { runs } = await planOf(text);
    expect(runs.map(({ index, id, needs }) => [index, id, needs])).toEqual([
      [0, "small-digits-float", []],
      [1, "small-digits-mse-w8a8-s0", [0]],
      [2, "small-digits-mse-w4a4-s0", [0]],
      [3, "small-digits-learned-w8a8-s0", [0]],
      [4, "small-digits-learned-w4a4-s0", [0]],
    ]);
    expect(runs[0]!.steps).toEqual([
      { task: "train", options: { epochs: 3, arch: "resnet8", data: "mnist", limit: 300, threads: 1 } },
      { task: "evaluate", options: { arch: "resnet8", data: "mnist", limit: 300, threads: 1 } },
    ]);
    expect(runs[4]!.steps[0]!.options).toMatchObject({ lr: 0.01, epochs: 2, weights: 4, seed: 0 });
    expect(runs[3]!.steps[0]!.options).not.toHaveProperty("lr");
  });

  test("has keys that change with settings and with what they begin from, not with how often a state is saved", async () => {
    const keys = async (more: string) => (await planOf(study(more))).runs.map(({ key }) => key);
    const before = await keys("train: { epochs: 3 }");
    expect(await keys("train: { epochs: 3, checkpoint-every: 7 }\ntitle: other")).toEqual(before);
    const longer = await keys("train: { epochs: 4 }");
    expect(longer.filter((key, i) => key === before[i])).toEqual([]);
    const other = await keys("train: { epochs: 3 }\nquantize: { calibration-images: 7 }");
    expect(other.map((key, i) => key === before[i])).toEqual([true, false, false, true, true]);
  });
});

describe("a chain", () => {
  const chained = (more: string, matrix: string) =>
    study(`include: [{ method: chained, bits: [2, 8, 4] }]\n${more}`, matrix).replace(
      "methods:",
      "methods:\n  chained: { task: qat, chain: true }",
    );

  test("is one training from the largest bit width down, which the runs of its bit widths need", async () => {
    const { runs } = await planOf(chained("", "{ method: mse, bits: 8 }"));
    expect(runs.map(({ id, needs, stage }) => [id, needs, stage])).toEqual([
      ["small-digits-float", [], undefined],
      ["small-digits-chained-chain-s0", [0], undefined],
      ["small-digits-mse-w8a8-s0", [0], undefined],
      ["small-digits-chained-w2a2-s0", [0, 1], 2],
      ["small-digits-chained-w8a8-s0", [0, 1], 8],
      ["small-digits-chained-w4a4-s0", [0, 1], 4],
    ]);
    expect(runs[1]!.steps).toMatchObject([{ task: "qat", options: { bits: [8, 4, 2] } }]);
    expect(runs[3]!.steps.map(({ task }) => task)).toEqual(["evaluate"]);
  });

  test("takes only bit widths that are the same for weights and activations", async () => {
    expect(await faultsOf(chained("", "{ method: chained, bits: w4a8 }"))).toEqual([
      expect.stringMatching(/:6: a chain takes bit widths such as 4, .*; found w4a8\./),
    ]);
  });
});

describe("a study with faults is refused with all of them", () => {
  test("in options, names and files, each with its line", async () => {
    const text = `
name: bad
networks:
  a: { arch: resnet19 }
  b: {}
data:
  d: { data: missing-folder, flipp: true }
methods:
  m: { task: quantize, methd: mse }
matrix:
  network: [a, b, c]
  bits: [4, 9]
include:
  - { bits: 4 }
exclude:
  - { seed: 7 }
quantize: { weights: 4 }
settings:
  - where: { bits: 3 }
    train: { lr: -1 }
imports:
  - { network: a, data: d, method: m, bits: 5, file: a.sbq }`;
    const faults = await faultsOf(text);
    const expected = [
      /:4: `arch` resnet19: it takes one of/,
      /:5: "b" has neither `arch` nor `model`, and no entry in imports for d\./,
      /:7: "flipp" is not an option that is allowed here; did you mean "flip"\?/,
      /:7: there is no file or folder ".*missing-folder"/,
      /:9: "methd" is not an option that is allowed here; did you mean "method"\?/,
      /:11: there is no network "c"/,
      /:12: `weights` 9: it takes a whole number from 2 to 8/,
      /:14: there are two cells with the name a-d-m-w4a4-s0\./,
      /:16: this excludes no cell of the matrix\./,
      /:17: "weights" is decided by the study; leave it out\./,
      /:19: there is no entry of bits "w3a3"|:19: these settings apply to no cell of the study\./,
      /:20: `lr` -1: it takes a number from 0 up\./,
      /:22: a\.sbq is imported for a-d-m-w5a5-s0, which is not a cell of the study\./,
    ];
    for (const pattern of expected) expect(faults.filter((fault) => pattern.test(fault))).not.toEqual([]);
  });

  test("in references of YAML; of a text that is no YAML at all, the first faults are enough", () => {
    expect(() => readStudy("name: *nobody\n", "a.yaml")).toThrow(/a\.yaml:1: .*nobody/);
    const bomb = [
      "a: &a [x, x]",
      ...[..."bcdefghij"].map((name, i) => `${name}: &${name} [${`*${"abcdefghij"[i]}, `.repeat(9)}x]`),
    ];
    expect(() => readStudy(bomb.join("\n"), "a.yaml")).toThrow(/a\.yaml:1: .*alias/i);
    expect(() => readStudy("}\n".repeat(1000), "a.yaml")).toThrow(/:15: .*\n {2}and 985 more\nCorrect these lines/);
  });

  test("in the structure", () => {
    const faults = (text: string) => {
      try {
        readStudy(text, "s.yaml");
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    expect(faults("name: a\nnetworks: {}\nnetwork: {}")).toMatch(
      /s\.yaml:3: "network" is not a key that is allowed here/,
    );
    expect(faults("name: a\nnetworks: {}")).toMatch(/"data" is missing/);
    const unknown = faults(study("seeds: 3\nepochs: 2", "{ bit: 4, method: mse, widths: 8 }"));
    for (const key of ["seeds", "epochs", "bit", "widths"]) expect(unknown).toContain(`"${key}" is not a key`);
    expect(faults(study("", "{ bits: [8, 4")).split("\n")[1]).toMatch(/s\.yaml:\d+: Flow sequence/);
    expect(faults(study("threads: 1.5"))).toMatch(/s\.yaml:9: "threads" takes/);
  });
});

test("the file that docs/studies.md shows is a study", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../../docs/studies.md"), "utf8");
  const [, example] = /```yaml\n([\s\S]*?)```/.exec(text)!;
  expect(cellsOf(example!)).toEqual([
    ...["w8a8-s0", "w6a6-s0", "w6a6-s1", "w6a6-s2", "w4a4-s0", "w4a4-s1", "w4a4-s2"].map(
      (cell) => `resnet20-cifar10-ranges-${cell}`,
    ),
    ...["w8a8", "w4a4", "w2a2"].map((bits) => `resnet20-cifar10-trained-${bits}-s0`),
  ]);
});
