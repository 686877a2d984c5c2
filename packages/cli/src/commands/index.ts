/** @file The list of commands; a new one is one file and one line here. */

import type { CommandDefinition } from "../command.js";
import { bench } from "./bench.js";
import { classify } from "./classify.js";
import { download } from "./download.js";
import { evaluate } from "./evaluate.js";
import { exporting } from "./export.js";
import { inspect } from "./inspect.js";
import { qat } from "./qat.js";
import { quantize } from "./quantize.js";
import { quickstart } from "./quickstart.js";
import { serve } from "./serve.js";
import { study } from "./study/index.js";
import { train } from "./train.js";

export const commands: readonly CommandDefinition[] = [
  quickstart,
  download,
  train,
  qat,
  quantize,
  classify,
  evaluate,
  exporting,
  inspect,
  bench,
  serve,
  ...study,
];

/** Descriptions of commands that have subcommands, by name. */
export const commandGroups: Readonly<Record<string, string>> = {
  study: "Compares networks × data sets × methods × bit widths: plans and executes the runs, and reports the results.",
};
