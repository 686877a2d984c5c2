/**
 * @file `subbyte quickstart`: trains, quantizes and evaluates a network on built-in data, and writes a table and a
 * report.
 */

import type { QuickstartTaskResult } from "@subbyte/toolkit/tasks";
import { defineCommand } from "../command.js";
import { byteSize, percent, table } from "../output.js";

export const quickstart = defineCommand("quickstart", {
  examples: ["quickstart --out quickstart"],
  run: async (input, { context, deliver }) => {
    const tasks = await import("@subbyte/toolkit/tasks");
    const result = await tasks.quickstart(input, context);
    await deliver(result, asText(result));
  },
});

function asText({ float, rows, parameters, architecture, seconds, report, models }: QuickstartTaskResult): string {
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
    `${report}  the report, open it in a browser`,
    `${models}  the networks at 32, 8, 4 and 2 bits`,
    "",
    `See them at work in a page, and draw digits for them:  npx subbyte serve ${models}`,
    "",
    `${seconds.toFixed(0)} s`,
  ].join("\n");
}
