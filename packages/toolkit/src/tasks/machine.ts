/** @file The machine that a figure was measured on. */

import { arch, availableParallelism, platform } from "node:os";
import { processor } from "../bench/cpu.js";

export const machine = (): Readonly<Record<string, string>> => ({
  cpu: processor().cpu,
  cores: String(availableParallelism()),
  node: process.version,
  system: `${platform()} ${arch()}`,
});
