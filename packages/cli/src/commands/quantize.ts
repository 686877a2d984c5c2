/** @file `subbyte quantize`: post-training quantization of a float network to a `.sbq` file. */

import { writeSbq } from "@subbyte/engine";
import { AUTO, lower, maxDropDefault, methodByName, openModel, UsageError, writeFileAtomic } from "@subbyte/toolkit";
import { Command } from "commander";
import { bitPolicy } from "../bit-policy.js";
import { tell } from "../images.js";
import { mixedText, policyText, withBudgetOptions } from "../mixed-precision.js";
import { decimal, openOptions, withDataOptions, withModelOptions, withRunOptions } from "../options.js";
import { byteSize } from "../output.js";
import { quantizeOpened } from "../quantization.js";
import { type QuantizationOptions, withQuantizationOptions } from "../quantization-options.js";
import { deliver } from "../results.js";

interface Options extends QuantizationOptions {
  readonly out?: string;
}

export function quantizeCommand(signal: AbortSignal): Command {
  const command = new Command("quantize")
    .description(
      "Turns a float network (.onnx, checkpoint) into an integer network (.sbq) with the help of unlabelled images.",
    )
    .argument("<model>", "model file, recognised by its content")
    .option(
      "--max-drop <points>",
      "accuracy that --method auto may lose before it spends more",
      decimal(0),
      maxDropDefault,
    )
    .option("--force", "writes the file even where the network collapsed")
    .option("--out <file>", "where the .sbq goes; by default the model's name and widths, in this folder")
    .action((path: string, options: Options) => run(path, options, signal));
  withBudgetOptions(withQuantizationOptions(command));
  return withRunOptions(withModelOptions(withDataOptions(command))).addHelpText(
    "after",
    `
Examples:
  subbyte quantize model.onnx --data photos/ --weights 4 --activations 4
  subbyte quantize resnet20.th --arch resnet20 --data cifar10.tgz --weights 8 --activations 8 --out resnet20-w8a8.sbq
  subbyte quantize model.onnx --data photos/ --weights 4 --activations 4 --policy widths.yaml
  subbyte quantize model.onnx --data photos/ --weights 3 --activations 4 --method reconstruct --checkpoint learned.state
  subbyte quantize model.onnx --data photos/ --avg-bits 4
  subbyte quantize model.onnx --data photos/ --max-time 12
  subbyte quantize resnet20.th --arch resnet20 --data none --weights 4 --activations 4`,
  );
}

async function run(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const policy = bitPolicy(options);
  if (options.method !== AUTO) methodByName(options.method);
  const model = await openModel(path, openOptions(options));
  if (model.kind !== "float")
    throw new UsageError(
      "wrong-model-kind",
      { file: path, expected: "float" },
      `${path} is quantized already; give the float network it was made from.`,
    );
  const { quantized, preprocessing, labels, closeness, log, mixed } = await quantizeOpened(model, options, signal, {
    guard: true,
  });
  const { weights, activations } = policy;
  const { method, seed } = options;
  const program = lower(quantized, {
    preprocessing,
    ...(labels === undefined ? {} : { labels }),
    provenance: { command: "quantize", method, seed, source: path, sourceHash: model.sha256 },
  });
  const bytes = writeSbq(program);
  const out = options.out ?? `${model.name}-w${weights}a${activations}.sbq`;
  await writeFileAtomic(out, bytes);
  const size = `${out}: ${byteSize(bytes.length)}, ${byteSize(model.bytes.length)} before`;
  const result = { model: path, out, bytes: bytes.length, weights, activations, method, seed, closeness, log };
  if (!mixed) return deliver(options, result, `${size}, weights ${weights} bits, activations ${activations} bits`);
  const policyFile = `${out.replace(/\.sbq$/, "")}-policy.json`;
  await writeFileAtomic(policyFile, policyText(mixed));
  if (options.maxSize !== undefined && bytes.length > options.maxSize)
    tell([`the file is larger than --max-size by ${byteSize(bytes.length - options.maxSize)}; ask for so much less`]);
  await deliver(
    options,
    { ...result, policyFile, mixed },
    `${mixedText(mixed)}\n\n${size}\nwidths in ${policyFile}, for --policy`,
  );
}
