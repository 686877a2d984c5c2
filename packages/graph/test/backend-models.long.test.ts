/** Every model of the ONNX project's backend tests: read and written back, simplified, and run on its own data. */

import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { ModelError } from "../src/errors.js";
import { inferTypes } from "../src/inference/infer-types.js";
import { toNumbers } from "../src/ir/tensor.js";
import type { Graph, Tensor } from "../src/ir/types.js";
import { readOnnx } from "../src/onnx/reader.js";
import { writeOnnx } from "../src/onnx/writer.js";
import { simplifyForImport } from "../src/passes/simplify.js";
import { evaluate } from "../src/reference/interpreter.js";
import { type BackendModel, backendModels, openBackendModel } from "./backend-models.js";

/** Operators of image classifiers, of the families that run here and of those that are refused by name later. */
const ofClassifiers = new Set(
  [
    ..."Abs Add ArgMax AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape Conv".split(" "),
    ..."DequantizeLinear Div Dropout Elu Equal Erf Exp Expand Flatten Floor Gather Gemm GlobalAveragePool".split(" "),
    ..."GlobalMaxPool HardSigmoid HardSwish Identity LeakyRelu Log LogSoftmax MatMul Max MaxPool Mean Min Mul".split(
      " ",
    ),
    ..."Neg PRelu Pad Pow QuantizeLinear Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum Relu Reshape".split(
      " ",
    ),
    ..."Selu Shape Sigmoid Sign Slice Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh".split(" "),
    ..."ThresholdedRelu Transpose Unsqueeze Where".split(" "),
  ].map((op) => `/${op}`),
);

const names = backendModels();

/** What became of a model. */
interface Outcome {
  readonly model: BackendModel;
  /** Why it was refused, by stage. */
  readonly refused: Partial<Record<Stage, string>>;
  /** Stages whose results are not those of the file, with the largest difference. */
  readonly wrong: Partial<Record<Stage, string>>;
  /** Stages whose results were compared. */
  readonly compared: readonly Stage[];
}

type Stage = "read" | "written" | "imported" | "evaluated";

const session = (bytes: Uint8Array) =>
  ort.InferenceSession.create(bytes, { graphOptimizationLevel: "disabled", intraOpNumThreads: 1, logSeverityLevel: 4 });

/** Undefined where ONNX Runtime cannot run it. */
async function outputsOf(bytes: Uint8Array, inputs: readonly Tensor[]): Promise<Tensor[] | undefined> {
  try {
    const running = await session(bytes);
    const results = await running.run(
      Object.fromEntries(
        running.inputNames.map((name, i) => [
          name,
          new ort.Tensor(inputs[i]!.dtype as "float32", inputs[i]!.data as Float32Array, inputs[i]!.shape),
        ]),
      ),
    );
    const outputs = running.outputNames.map((name) => {
      const { type, dims, data } = results[name]!;
      return { dtype: type, shape: [...dims], data } as Tensor;
    });
    await running.release();
    return outputs;
  } catch {
    return undefined;
  }
}

const RELATIVE = 1e-3;
const ABSOLUTE = 1e-5;

/** A description of the first difference; the backend tests' own tolerances. @param slack between whole numbers */
function differs(found: readonly Tensor[], expected: readonly Tensor[], slack = 0): string | undefined {
  for (const [i, { shape, data }] of expected.entries()) {
    if (found[i]?.shape.join() !== shape.join()) return `output ${i} is [${found[i]?.shape}], expected [${shape}]`;
    const [a, b] = [toNumbers(found[i]!), toNumbers({ ...expected[i]!, data })];
    for (const [at, value] of b.entries()) {
      const tolerance = expected[i]!.dtype.startsWith("float") ? ABSOLUTE + RELATIVE * Math.abs(value) : slack;
      const isClose = Object.is(a[at]!, value) || Math.abs(a[at]! - value) <= tolerance;
      if (!isClose && a[at] !== value) return `output ${i}[${at}] is ${a[at]}, expected ${value}`;
    }
  }
  return undefined;
}

async function outcomeOf(model: BackendModel): Promise<Outcome> {
  const refused: Outcome["refused"] = {};
  const wrong: Outcome["wrong"] = {};
  const compared: Stage[] = [];
  const attempt = <T>(stage: Stage, make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof ModelError)) throw new Error(`${model.name}, ${stage}: ${error}`, { cause: error });
      refused[stage] = error.message;
      return undefined;
    }
  };
  const compare = (stage: Stage, found: readonly Tensor[] | undefined, expected: readonly Tensor[], slack = 0) => {
    if (!found) return;
    compared.push(stage);
    const difference = differs(found, expected, slack);
    if (difference) wrong[stage] = difference;
  };
  const graph = attempt("read", () => readOnnx(model.bytes));
  const { inputs } = model;
  if (!graph || !inputs) return { model, refused, wrong, compared };
  const own = await outputsOf(model.bytes, inputs);
  // A generator of random numbers has no expected result.
  const again = own && (await outputsOf(model.bytes, inputs));
  if (own && again && differs(own, again)) return { model, refused, wrong, compared };
  const expected = own ?? model.outputs;
  if (!expected) return { model, refused, wrong, compared };

  const written = attempt("written", () => writeOnnx(graph, { opset: Math.max(13, model.opset) }));
  compare("written", written && (await outputsOf(written, inputs)), expected);
  const imported = attempt("imported", () => simplifyForImport(graph));
  const rewritten = imported && attempt("imported", () => writeOnnx(imported));
  compare("imported", rewritten && (await outputsOf(rewritten, inputs)), expected);
  // Where float32 rounds to a half, the reference in float64 may round to the other whole number.
  compare(
    "evaluated",
    attempt("evaluated", () => evaluated(graph, inputs)),
    expected,
    1,
  );
  return { model, refused, wrong, compared };
}

/** By our own reference. */
function evaluated(graph: Graph, inputs: readonly Tensor[]): readonly Tensor[] {
  inferTypes(graph);
  const values = evaluate(graph, new Map(graph.inputs.map(({ name }, i) => [name, inputs[i]!])));
  return graph.outputs.map((name) => values.get(name)!);
}

describe.skipIf(names.length === 0)("backend tests of the ONNX project (Debian's libonnx-testdata)", () => {
  test("none is read, imported, evaluated or written back to another result", async () => {
    const outcomes: Outcome[] = [];
    for (const name of names) outcomes.push(await outcomeOf(openBackendModel(name)));

    const count = (is: (outcome: Outcome) => boolean) => outcomes.filter(is).length;
    const stages = ["written", "imported", "evaluated"] as const;
    const isRead = ({ refused }: Outcome) => refused.read === undefined;
    const report = [
      `${outcomes.length} models, ${count(isRead)} read, ${count(({ model }) => model.opset < 13)} below opset 13, ` +
        `${count((each) => each.model.opset < 13 && isRead(each))} of these read`,
      ...stages.map(
        (stage) =>
          `${stage}: ${count((each) => isRead(each) && each.refused[stage] === undefined)}, ` +
          `run and compared: ${count(({ compared }) => compared.includes(stage))}, ` +
          `with another result: ${count(({ wrong }) => wrong[stage] !== undefined)}`,
      ),
    ];
    console.info(report.join("\n"));

    const wrong = outcomes.flatMap(({ model, wrong }) =>
      Object.entries(wrong).map(([stage, difference]) => `${model.name}, ${stage}: ${difference}`),
    );
    expect(wrong).toEqual([]);

    const mustBeRead = outcomes.filter(
      ({ model }) => model.opset > 0 && model.opset < 13 && model.operators.every((op) => ofClassifiers.has(op)),
    );
    console.info(`below opset 13 with operators of classifiers alone: ${mustBeRead.length}`);
    const unread = mustBeRead.flatMap(({ model, refused }) =>
      refused.read === undefined ? [] : [`${model.name}: ${refused.read}`],
    );
    expect(unread).toEqual([]);
  });
});
