/** @file The plan of a study: its runs by number, and what they read. */

import type { LatencySettings } from "./definition.js";
import type { Step } from "./run-options.js";

/**
 * The result of a run: a float network, a quantized one, several quantized ones from a chain of trainings, or the
 * latency of a network at all bit widths.
 */
export type RunKind = "float" | "quantized" | "chain" | "latency";

export interface PlannedRun {
  /** Number of the run, from 0, in the order of execution. */
  readonly index: number;
  /** Name of the run and of its folder. */
  readonly id: string;
  readonly kind: RunKind;
  readonly network: string;
  readonly data: string;
  /** Method and bit widths of a quantized network. */
  readonly method?: string;
  readonly bits?: string;
  /** Place on an axis of bits. */
  readonly position?: number;
  readonly seed: number;
  /** Stage of the chain that trains the network; the chain is the second of `needs`. */
  readonly stage?: number;
  /** A file, as named in the study, that replaces the training or quantization. */
  readonly file?: string;
  readonly steps: readonly Step[];
  readonly latency?: LatencySettings;
  /** Indices of the runs whose results this one needs; its float network is the first. */
  readonly needs: readonly number[];
  /** The run's key: an SHA-256, hexadecimal. */
  readonly key: string;
}

export interface StudyPlan {
  readonly format: 1;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** SHA-256 of files and folders by their names in the study. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Absolute paths on this machine, by the same names. */
  readonly locations: Readonly<Record<string, string>>;
  readonly runs: readonly PlannedRun[];
}
