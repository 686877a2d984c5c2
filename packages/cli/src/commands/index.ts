/** @file The list of commands; a new one is one file and one line here. */

import type { CommandDefinition } from "../command.js";
import { bench } from "./bench.js";
import { download } from "./download.js";
import { evaluate } from "./evaluate.js";
import { exporting } from "./export.js";
import { inspect } from "./inspect.js";
import { qat } from "./qat.js";
import { quantize } from "./quantize.js";
import { quickstart } from "./quickstart.js";
import { serve } from "./serve.js";
import { train } from "./train.js";

export const commands: readonly CommandDefinition[] = [
  quickstart,
  download,
  train,
  qat,
  quantize,
  evaluate,
  exporting,
  inspect,
  bench,
  serve,
];
