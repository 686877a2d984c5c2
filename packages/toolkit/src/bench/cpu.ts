/**
 * @file Identifies the processor and measures processor time. Virtual machines hide the processor's name, and native runtimes
 * are much faster if it has VNNI.
 */

import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** The processor of this machine. */
export interface Processor {
  /** Such as `"AMD EPYC, family 26, model 2"`. */
  readonly cpu: string;
  /** Vector extensions beyond SSE, such as `["avx2", "avx512_vnni"]`; empty if the system does not list them. */
  readonly vectorExtensions: readonly string[];
}

/** Reads the name and the vector extensions of the processor from the system. */
export function processor(): Processor {
  const name = cpus()[0]?.model.trim() ?? "unknown";
  let text: string;
  try {
    text = readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return { cpu: name, vectorExtensions: [] };
  }
  return parseCpuInfo(text, name);
}

/** Processor time of all threads of this process so far, in milliseconds. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** @param text the content of Linux's `/proc/cpuinfo` */
export function parseCpuInfo(text: string, name: string): Processor {
  const field = (key: string): string | undefined => new RegExp(`^${key}\\s*:\\s*(.*)$`, "m").exec(text)?.[1]?.trim();
  const [family, model] = [field("cpu family"), field("model")];
  const flags = (field("flags") ?? field("Features") ?? "").split(" ");
  return {
    cpu: family === undefined ? name : `${name}, family ${family}, model ${model}`,
    vectorExtensions: flags.filter((flag) => /^(avx|amx|fma$|asimd|sve|i8mm|neon)/.test(flag)),
  };
}
