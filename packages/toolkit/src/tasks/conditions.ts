/** @file The conditions under which speed is measured, as results of the task `bench` record them. */

import { availableParallelism, loadavg } from "node:os";
import { type Processor, processor } from "../bench/index.js";

/** The machine, and how busy it was. */
export interface Conditions extends Processor {
  /** Version of Node, such as `v20.19.5`. */
  readonly node: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Load average of the minute before the measurement. */
  readonly loadBefore: number;
}

/** Call this before a measurement: the measurement itself raises the load. */
export const conditions = (): Conditions => ({
  ...processor(),
  node: process.version,
  cores: availableParallelism(),
  loadBefore: loadavg()[0]!,
});
