/** @file Where ONNX Runtime computes, and with how many threads: the options that everything above it passes on. */

import { defined } from "../defined.js";
import type { devices } from "../options/facts.js";

/** An execution provider of ONNX Runtime. */
export type Device = (typeof devices)[number];

/** The device on which ONNX Runtime computes, and the number of threads. */
export interface RuntimeOptions {
  /**
   * Threads within an operator; by default all cores that this process may use. Convolutions with few columns and long sums,
   * such as weight gradients, split their sums among threads, so the last bits of their results depend on this number.
   */
  readonly threads?: number;
  /**
   * The device that computes; the CPU by default. Operators without a kernel for it run on the CPU. The last bits of
   * results differ between devices.
   */
  readonly device?: Device;
}

/** Picks the options of ONNX Runtime from others. If the device is the CPU, which is the default, it is left out. */
export const runtimeOptions = ({
  threads,
  device,
}: {
  readonly [name in keyof RuntimeOptions]: RuntimeOptions[name] | undefined;
}): RuntimeOptions => defined({ threads, device: device === "cpu" ? undefined : device });
