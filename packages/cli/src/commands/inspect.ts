/** @file `subbyte inspect`: prints a model. */

import { type Operator, operatorMultiplyAdds, type Program, type TensorId } from "@subbyte/engine";
import { printGraph } from "@subbyte/graph";
import { countMultiplyAdds, countParameters, type FloatModel, openModel } from "@subbyte/toolkit";
import { Command } from "commander";
import { type CommonOptions, type ModelFileOptions, openOptions, withModelOptions } from "../options.js";
import { byteSize, table } from "../output.js";
import { deliver } from "../results.js";

type Options = CommonOptions & ModelFileOptions;

export function inspectCommand(_signal: AbortSignal): Command {
  const command = new Command("inspect")
    .description("Prints a model: its operators, shapes, widths and sizes.")
    .argument("<model>", "model file, recognised by its content")
    .action((path: string, options: Options) => run(path, options));
  return withModelOptions(command).addHelpText(
    "after",
    "\nExamples:\n  subbyte inspect model.onnx\n  subbyte inspect model-w4a4.sbq",
  );
}

async function run(path: string, options: Options): Promise<void> {
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
