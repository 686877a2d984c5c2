/** @file Describes the machine on which a figure was measured. */

import { arch, availableParallelism, platform } from "node:os";
import { processor } from "../bench/cpu.js";

/** Processor, cores, Node version and system, as results record them. */
export const machine = (): Readonly<Record<string, string>> => ({
  cpu: processor().cpu,
  cores: String(availableParallelism()),
  node: process.version,
  system: `${platform()} ${arch()}`,
});
