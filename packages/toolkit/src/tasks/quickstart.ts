/** @file The task `quickstart`: the whole path on embedded data, with a report. */

import { join } from "node:path";
import { defined } from "../defined.js";
import { writeFileAtomic } from "../files.js";
import { quickstartReport } from "../report/quickstart-report.js";
import { type QuickstartResult, runQuickstart } from "../study/quickstart.js";
import { machine } from "./machine.js";
import { writeQuickstartModels } from "./quickstart-models.js";
import { defineTask } from "./run.js";

export interface QuickstartTaskResult extends Omit<QuickstartResult, "models"> {
  /** The HTML page. */
  readonly report: string;
  /** The folder of networks at 32, 8, 4 and 2 bits. */
  readonly models: string;
  readonly machine: Readonly<Record<string, string>>;
}

export const quickstart = defineTask(
  "quickstart",
  async ({ seed, threads, out }, run): Promise<QuickstartTaskResult> => {
    const result = await runQuickstart({ seed, ...defined({ threads }) }, run);
    const report = join(out, "report.html");
    const folder = join(out, "models");
    await writeFileAtomic(report, await quickstartReport(result, machine()));
    await writeQuickstartModels(folder, result.models);
    return { ...result, report, models: folder, machine: machine() };
  },
);
