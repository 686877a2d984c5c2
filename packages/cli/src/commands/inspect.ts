/** @file `subbyte inspect`: prints a model; with `--compare`, finds the layer that hurts (`inspect-compare.ts`). */

import { type Operator, operatorMultiplyAdds, type Program, type TensorId } from "@subbyte/engine";
import { printGraph } from "@subbyte/graph";
import { countMultiplyAdds, countParameters, type FloatModel, openModel, UsageError } from "@subbyte/toolkit";
import { Command } from "commander";
import { openOptions, withDataOptions, withModelOptions, withRunOptions } from "../options.js";
import { byteSize, table } from "../output.js";
import { deliver } from "../results.js";
import { type CompareOptions, inspectCompare } from "./inspect-compare.js";

type Options = CompareOptions & { readonly compare?: string };

export function inspectCommand(signal: AbortSignal): Command {
  const command = new Command("inspect")
    .description("Prints a model: its operators, shapes, widths and sizes. With --compare, finds the layer that hurts.")
    .argument("<model>", "model file, recognised by its content")
    .option("--compare <float>", "the float network that a .sbq was made from: which layers lost what, and why")
    .option("--each-layer", "with --compare: accuracy with each layer alone quantized and each alone kept float")
    .option(
      "--report <file>",
      "with --compare: the result as an HTML page, with histograms of each layer's weights and input on their grids",
    )
    .action((path: string, options: Options) => run(path, options, signal));
  return withRunOptions(withModelOptions(withDataOptions(command))).addHelpText(
    "after",
    `
Examples:
  subbyte inspect model.onnx
  subbyte inspect model-w4a4.sbq
  subbyte inspect model-w4a4.sbq --compare model.onnx --data photos/ --each-layer --report layers.html`,
  );
}

async function run(path: string, { compare, ...options }: Options, signal: AbortSignal): Promise<void> {
  if (compare !== undefined) return inspectCompare(path, compare, options, signal);
  if (options.report !== undefined || options.eachLayer)
    throw new UsageError(
      "option-conflict",
      { options: ["report", "eachLayer", "compare"] },
      "--report and --each-layer belong to --compare: inspect model.sbq --compare model.onnx --data photos/.",
    );
  const model = await openModel(path, openOptions(options));
  const described =
    model.kind === "float" ? describeFloat(model) : describeProgram(model.program, path, model.bytes.length);
  await deliver(options, described.json, described.text);
}

interface Described {
  readonly json: Record<string, unknown>;
  readonly text: string;
}

function describeFloat({ path, shape, classes, description, graph }: FloatModel): Described {
  const parameters = countParameters(graph);
  const multiplyAdds = countMultiplyAdds(graph);
  return {
    json: { path, kind: "float", shape, classes, parameters, multiplyAdds, description, nodes: graph.nodes.length },
    text: `${printGraph(graph)}\n\n${parameters.toLocaleString("en")} parameters, ${(multiplyAdds / 1e6).toFixed(2)} million multiply-adds an image`,
  };
}

function describeProgram(program: Program, path: string, bytes: number): Described {
  const { preprocessing, provenance, classes, operators } = program;
  const rows = operators.map((operator) => {
    const { name, op, shape, weights, input, output, multiplyAdds } = operatorRow(program, operator);
    return [
      name,
      op,
      shape.join("×"),
      weights ?? "",
      input.join(", "),
      output ?? "float",
      multiplyAdds === 0 ? "" : (multiplyAdds / 1e6).toFixed(2),
    ];
  });
  const header = ["name", "operator", "output", "weight bits", "input bits", "output bits", "M multiply-adds"];
  return {
    json: {
      path,
      kind: "quantized",
      bytes,
      classes,
      preprocessing,
      provenance,
      operators: operators.map((operator) => operatorRow(program, operator)),
    },
    text: `${table(header, rows)}\n\n${path}: ${byteSize(bytes)}, ${classes} classes\n${asLines({ ...preprocessing, ...provenance })}`,
  };
}

/** One `key: value` a line. */
const asLines = (entries: Readonly<Record<string, unknown>>): string =>
  Object.entries(entries)
    .map(([key, value]) => `  ${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join("\n");

function operatorRow(program: Program, operator: Operator) {
  const bits = (id: TensorId) => program.tensors[id]!.bits;
  const inputs = "inputs" in operator ? operator.inputs : [operator.input];
  const output = "output" in operator ? operator.output : undefined;
  return {
    name: operator.name,
    op: operator.op,
    shape: output === undefined ? [program.classes] : program.tensors[output]!.shape,
    ...("weights" in operator ? { weights: operator.weights.bits } : {}),
    input: inputs.map(bits),
    ...(output === undefined ? {} : { output: bits(output) }),
    multiplyAdds: operatorMultiplyAdds(program, operator),
  };
}
