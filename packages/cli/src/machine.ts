/** @file What a measured figure depends on. */

import { arch, availableParallelism, cpus, platform } from "node:os";

export const machine = (): Readonly<Record<string, string>> => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: String(availableParallelism()),
  node: process.version,
  system: `${platform()} ${arch()}`,
});
