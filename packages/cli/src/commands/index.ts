/** @file The list of commands; a new one is one file and one line here. */

import type { Command } from "commander";
import { benchCommand } from "./bench.js";
import { downloadCommand } from "./download.js";
import { evaluateCommand } from "./evaluate.js";
import { exportCommand } from "./export.js";
import { inspectCommand } from "./inspect.js";
import { qatCommand } from "./qat.js";
import { quantizeCommand } from "./quantize.js";
import { quickstartCommand } from "./quickstart.js";
import { trainCommand } from "./train.js";

/** Makes a command; `signal` fires on Ctrl-C. */
export type DefineCommand = (signal: AbortSignal) => Command;

export const commands: readonly DefineCommand[] = [
  quickstartCommand,
  downloadCommand,
  trainCommand,
  qatCommand,
  quantizeCommand,
  evaluateCommand,
  exportCommand,
  inspectCommand,
  benchCommand,
];
