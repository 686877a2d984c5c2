/** @file `subbyte inspect`: prints a model. */

import { type Operator, operatorMultiplyAdds, type Program, type TensorId } from "@subbyte/engine";
import { printGraph } from "@subbyte/graph";
import { countMultiplyAdds, countParameters, type FloatModel, openModel } from "@subbyte/toolkit";
import { Command } from "commander";
import { type CommonOptions, type ModelFileOptions, openOptions, withModelOptions } from "../options.js";
import { byteSize, print, printJson, table } from "../output.js";

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
  if (model.kind === "float") describeFloat(model, options.json ?? false);
  else describeProgram(model.program, path, model.bytes.length, options.json ?? false);
}

function describeFloat(model: FloatModel, json: boolean): void {
  const parameters = countParameters(model.graph);
  const work = countMultiplyAdds(model.graph);
  if (json) {
    const { path, shape, classes, description, graph } = model;
    printJson({
      path,
      kind: "float",
      shape,
      classes,
      parameters,
      multiplyAdds: work,
      description,
      nodes: graph.nodes.length,
    });
  } else {
    print(printGraph(model.graph));
    print(`\n${parameters.toLocaleString("en")} parameters, ${(work / 1e6).toFixed(2)} million multiply-adds an image`);
  }
}

function describeProgram(program: Program, path: string, bytes: number, json: boolean): void {
  const { preprocessing, provenance, classes, operators } = program;
  if (json) {
    printJson({
      path,
      kind: "quantized",
      bytes,
      classes,
      preprocessing,
      provenance,
      operators: operators.map((operator) => operatorRow(program, operator)),
    });
    return;
  }
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
  print(table(["name", "operator", "output", "W bits", "A bits in", "out", "M mult-adds"], rows));
  print(`\n${path}: ${byteSize(bytes)}, ${classes} classes, made by ${JSON.stringify(provenance)}`);
}

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
