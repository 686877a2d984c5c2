/** @file `subbyte quickstart`: the whole path on embedded data, with a table and a report. */

import { join } from "node:path";
import { type QuickstartResult, quickstartReport, runQuickstart, writeFileAtomic } from "@subbyte/toolkit";
import { Command } from "commander";
import { machine } from "../machine.js";
import { type CommonOptions, integer, type RunOptions } from "../options.js";
import { byteSize, percent, table } from "../output.js";
import { writeQuickstartModels } from "../quickstart-models.js";
import { deliver } from "../results.js";
import { trainingProgress } from "../training-progress.js";

type Options = CommonOptions & Pick<RunOptions, "threads"> & { readonly out: string; readonly seed: number };

export function quickstartCommand(signal: AbortSignal): Command {
  return new Command("quickstart")
    .description(
      "Trains a small ResNet on embedded MNIST, quantizes it to 8…2 bits, evaluates every width on the integer engine.",
    )
    .option("--out <folder>", "where report.html and the folder of models go", "quickstart")
    .option("--seed <n>", "of everything random", integer(0), 0)
    .option("--threads <n>", "threads; all cores by default", integer())
    .addHelpText("after", "\nExample:\n  subbyte quickstart --out quickstart")
    .action((options: Options) => run(options, signal));
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const quiet = options.quiet ?? false;
  const progress = trainingProgress(quiet);
  const result = await runQuickstart({
    seed: options.seed,
    signal,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    onStep: (step) => {
      progress.stop();
      if (!quiet) process.stderr.write(`${step}\n`);
    },
    onTraining: progress.update,
  });
  progress.stop();
  const reportPath = join(options.out, "report.html");
  const modelsFolder = join(options.out, "models");
  await writeFileAtomic(reportPath, await quickstartReport(result, machine()));
  await writeQuickstartModels(modelsFolder, result.models);
  const { models: _, ...figures } = result;
  await deliver(
    options,
    { ...figures, report: reportPath, models: modelsFolder, machine: machine() },
    asText(result, reportPath, modelsFolder),
  );
}

function asText(result: QuickstartResult, reportPath: string, modelsFolder: string): string {
  const { float, rows, parameters, architecture, seconds } = result;
  const header = ["bits", "method", "accuracy", "change", "agreement", "file", "compression"];
  const body = [
    ["32", "float", percent(float.top1), "", "", byteSize(4 * parameters), "1.0×"],
    ...rows.map((row) => [
      String(row.bits),
      row.method,
      percent(row.accuracy),
      `${row.accuracy >= float.top1 ? "+" : "-"}${Math.abs(100 * (row.accuracy - float.top1)).toFixed(2)}`,
      percent(row.agreement),
      byteSize(row.fileBytes),
      `${row.compression.toFixed(1)}×`,
    ]),
  ];
  return [
    `${architecture} on MNIST, ${float.images} test images; accuracy is the integer engine's, agreement that with the float simulation`,
    "",
    table(header, body),
    "",
    `${reportPath}  the report, open it in a browser`,
    `${modelsFolder}  the networks at 32, 8, 4 and 2 bits`,
    "",
    `See them at work, and draw digits for them:  npm run demo -- ${modelsFolder}`,
    "",
    `${seconds.toFixed(0)} s`,
  ].join("\n");
}
