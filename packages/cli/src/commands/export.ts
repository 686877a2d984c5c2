/** @file `subbyte export`: a quantized network as quantized ONNX, checked after writing. */

import { exportQdq, openModel, UsageError, writeFileAtomic } from "@subbyte/toolkit";
import { Command, Option } from "commander";
import type { CommonOptions } from "../options.js";
import { byteSize } from "../output.js";
import { deliver } from "../results.js";

type Options = CommonOptions & { readonly format: "qdq"; readonly out?: string; readonly reduceRange?: boolean };

export function exportCommand(_signal: AbortSignal): Command {
  return new Command("export")
    .description("Writes a .sbq as quantized ONNX that other runtimes execute.")
    .argument("<model>", "a .sbq file")
    .addOption(new Option("--format <format>", "what to write").choices(["qdq"]).default("qdq"))
    .option("--out <file>", "where the .onnx goes; by default the model's name, in this folder")
    .option("--reduce-range", "weights within 7 bits, which CPUs without VNNI add up without saturation")
    .addHelpText("after", "\nExample:\n  subbyte export model-w8a8.sbq --format qdq --out model.qdq.onnx")
    .action((path: string, options: Options) => run(path, options));
}

async function run(path: string, options: Options): Promise<void> {
  const model = await openModel(path);
  if (model.kind !== "quantized")
    throw new UsageError(
      "wrong-model-kind",
      { file: path, expected: "quantized" },
      `${path} is a float network; quantize it first: subbyte quantize ${path}.`,
    );
  const { bytes, check } = await exportQdq(model.program, { reduceRange: options.reduceRange ?? false });
  const out = options.out ?? `${model.name}.${options.format}.onnx`;
  await writeFileAtomic(out, bytes);
  if (!check.defaultSessionAgrees && !options.quiet)
    process.stderr.write(
      `warning: ${out} gives other logits in ONNX Runtime's default session than with session.disable_quant_qdq=1 ` +
        `(largest difference ${check.largestDifference.toPrecision(3)}): 8-bit weights saturate in its uint8×int8 kernels on this CPU. ` +
        "Export with --reduce-range (7-bit weights).\n",
    );
  const result = { model: path, out, bytes: bytes.length, reduceRange: options.reduceRange ?? false, ...check };
  await deliver(options, result, `${out}: ${byteSize(bytes.length)}; normalized float32 images in, logits out`);
}
