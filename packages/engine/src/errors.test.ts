import { describe, expect, test } from "vitest";
import { everyOperator } from "../test/networks.js";
import { Random } from "../test/programs.js";
import { engineErrors } from "./error-codes.js";
import { EnvironmentError, FormatError, InputError, LoadError } from "./errors.js";
import { writeSbq } from "./format/writer.js";
import { packError, unpackError } from "./host/protocol.js";
import { httpStatusOf } from "./http-status.js";
import { load } from "./load.js";

const file = writeSbq(everyOperator(new Random(5), { bits: 4 }));

type Coded = FormatError | InputError | LoadError | EnvironmentError;

async function failure(work: Promise<unknown>): Promise<Coded> {
  try {
    await work;
  } catch (error) {
    return error as Coded;
  }
  throw new Error("nothing was thrown");
}

const shapeOf = ({ name, kind, code, data, message }: Coded) => ({ name, kind, code, data, message });

describe("an error is the same with and without a worker: class, kind, code, data, sentence", () => {
  const cut = file.slice(0, file.length - 1);
  const foreign = new TextEncoder().encode("this is no model at all");
  const otherVersion = file.slice();
  otherVersion[4] = 9;
  const cases = {
    "damaged-sbq": (worker: boolean) => load(cut, { worker }),
    "not-sbq": (worker: boolean) => load(foreign, { worker }),
    "sbq-version": (worker: boolean) => load(otherVersion, { worker }),
    "input-length": async (worker: boolean) => (await load(file, { worker })).run(new Uint8Array(5)),
    "input-value": async (worker: boolean) =>
      (await load(file, { worker })).run(new Float32Array(192).fill(Number.NaN)),
    "image-size": async (worker: boolean) =>
      (await load(file, { worker })).classify(
        { data: new Uint8Array(3), height: 1, width: 1, channels: 3 },
        { fit: "exact" },
      ),
  };
  for (const [code, work] of Object.entries(cases))
    test(code, async () => {
      const [here, there] = [await failure(work(false)), await failure(work(true))];
      expect(here.code).toBe(code);
      expect(there).toBeInstanceOf(here.constructor);
      expect(shapeOf(there)).toEqual(shapeOf(here));
    });
});

test("every class crosses to a worker and back", () => {
  const errors = [
    new FormatError("invalid-program", { field: "operators[0]" }, "operators[0]: is wrong"),
    new InputError("image-size", { found: [1, 1], expected: [8, 8] }, "another size"),
    new LoadError("fetch-failed", { source: "/model.sbq", status: 404 }, "not found"),
    new EnvironmentError("no-simd", {}, "no SIMD"),
  ];
  for (const error of errors) {
    const arrived = unpackError(structuredClone(packError(error))) as Coded;
    expect(arrived).toBeInstanceOf(error.constructor);
    expect(shapeOf(arrived)).toEqual(shapeOf(error));
    expect(arrived.stack).toBe(error.stack);
  }
  const other = unpackError(structuredClone(packError(new RangeError("too deep"))));
  expect([other.name, other.message]).toEqual(["RangeError", "too deep"]);
});

test("every code has an HTTP status; an abort is 499, anything else 500", () => {
  for (const code of Object.keys(engineErrors))
    expect(httpStatusOf(Object.assign(new Error(), { code }))).toBeGreaterThanOrEqual(400);
  expect(httpStatusOf(new InputError("image-size", { found: 1, expected: 2 }, "x"))).toBe(422);
  expect(httpStatusOf(new DOMException("stop", "AbortError"))).toBe(499);
  expect(httpStatusOf(Object.assign(new Error(), { code: "toString" }))).toBe(500);
});
