import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { UsageError } from "../errors.js";
import { architectures } from "../models/index.js";
import { architectureNames } from "./facts.js";
import { camelCase, kebabCase, optionNames, optionOf, parseOptions, taskNames, tasks, valueOfText } from "./index.js";
import { optionsSchema } from "./json-schema.js";
import { type OptionName, options } from "./table.js";
import type { TaskDefinition } from "./tasks.js";
import type { TaskInput, TaskOptions } from "./types.js";

const model = { model: "model.onnx", data: "mnist" };

describe("the table", () => {
  test("names every architecture that there is", () => {
    expect([...architectureNames].toSorted()).toEqual(architectures.map(({ name }) => name).toSorted());
  });

  test.each(taskNames.flatMap((task) => optionNames(task).map((name) => [task, name] as const)))(
    "%s %s has a line of help, and a default that it takes",
    (task, name) => {
      const { help, default: value, schema, kind, placeholder } = optionOf(task, name);
      expect(help).toMatch(/^[^\n]{2,100}[^.\n]$/);
      expect(kind === "flag").toBe(placeholder === undefined);
      if (value !== undefined) expect(v.is(schema, value)).toBe(true);
    },
  );

  test("what a task needs, and what it has of its own, it reads", () => {
    for (const task of taskNames) {
      const { needs, own, arguments: count } = tasks[task] as TaskDefinition;
      const read = optionNames(task);
      for (const name of [...needs, ...(Object.keys(own) as OptionName[])]) expect(read).toContain(name);
      expect(new Set(read).size).toBe(read.length);
      expect(count).toBeLessThanOrEqual(needs.length);
    }
  });

  test("every option is read by some task, and its flag stands for its name", () => {
    const read = new Set(taskNames.flatMap(optionNames));
    for (const name of Object.keys(options)) {
      expect(read).toContain(name);
      expect(camelCase(kebabCase(name))).toBe(name);
    }
  });
});

describe("parsing", () => {
  test("fills in the defaults of the task, and leaves out what has none", () => {
    const parsed = parseOptions("quantize", model);
    expect(parsed).toMatchObject({ ...model, weights: 8, method: "auto", mirror: true });
    expect(parsed).not.toHaveProperty("threads");
    expect(parseOptions("train", { arch: "resnet8", data: "mnist" })).toMatchObject({ epochs: 30, optimizer: "sgd" });
    expect(parseOptions("qat", model)).toMatchObject({ optimizer: "sgd", quantizer: "lsq" });
    expect(parseOptions("qat", model)).not.toHaveProperty("epochs");
  });

  test.each([
    [{ ...model, batch: 8 }, /^quantize does not read `batch`, which belongs to train, qat, evaluate, bench/],
    [{ ...model, wieghts: 4 }, /^there is no option "wieghts"/],
    [{ ...model, weights: 9 }, /^`weights` 9: it takes a whole number from 2 to 8/],
    [{ ...model, weights: 3.5 }, /^`weights` 3\.5: it takes a whole number from 2 to 8/],
    [{ ...model, weights: "4" }, /^`weights` 4: it takes a whole number/],
    [{ ...model, percentile: Number.POSITIVE_INFINITY }, /^`percentile`/],
    [{ ...model, mean: [] }, /^`mean` \[\]: it takes numbers separated by commas/],
    [{ ...model, maxSize: "big" }, /^`maxSize` big: it takes a size such as 200kB/],
    [{ ...model, policy: [{ weights: 4 }] }, /^`policy`/],
    [{ model: "model.onnx" }, /^`data` is missing; for example `data` photos\//],
  ])("refuses %j", (given, message) => {
    const parse = () => parseOptions("quantize", given);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });

  test("sizes are bytes or text, in powers of 1000", () => {
    const sizeOf = (maxSize: unknown) => parseOptions("quantize", { ...model, maxSize }).maxSize;
    expect([12_345, "200kB", "1.5 MB", "300", "2g"].map(sizeOf)).toEqual([12_345, 200_000, 1_500_000, 300, 2e9]);
  });

  test("text becomes the value that the schema takes", () => {
    const value = (name: OptionName, text: string) => valueOfText(options[name], text);
    expect(value("weights", "4")).toBe(4);
    expect(value("mean", "0.5,0.25")).toEqual([0.5, 0.25]);
    expect(value("networks", "resnet18-224, resnet20-32")).toEqual(["resnet18-224", "resnet20-32"]);
    expect(value("weights", "four")).toBe("four");
    expect(value("weights", "")).toBe("");
  });
});

describe("JSON Schema", () => {
  test("says type, range, choices, default and need", () => {
    const schema = optionsSchema("quantize");
    expect(schema.required).toEqual(["model", "data"]);
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties)).toEqual([...optionNames("quantize")]);
    expect(schema.properties.weights).toEqual({
      type: "integer",
      minimum: 2,
      maximum: 8,
      description: "bit width of weights",
      default: 8,
      group: "Bit widths",
      advanced: false,
      unit: "bits",
    });
    expect(schema.properties.method).toMatchObject({ enum: expect.arrayContaining(["auto", "reconstruct"]) });
    expect(optionsSchema("quantize", { partial: true }).required).toEqual([]);
  });

  test.each(taskNames)("of %s is JSON", (task) => {
    const schema = optionsSchema(task);
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});

test("the types of options come from the table", () => {
  expectTypeOf<TaskOptions<"quantize">["weights"]>().toEqualTypeOf<number>();
  expectTypeOf<TaskOptions<"quantize">["threads"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<TaskOptions<"train">["optimizer"]>().toEqualTypeOf<"sgd" | "adamw">();
  expectTypeOf<TaskOptions<"train">["out"]>().toEqualTypeOf<string>();
  expectTypeOf<TaskInput<"evaluate">>().toExtend<{ readonly model: string; readonly data: string }>();
  expectTypeOf<"batch">().not.toExtend<keyof TaskOptions<"quantize">>();
});
