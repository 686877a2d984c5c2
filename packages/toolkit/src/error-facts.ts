/** @file The types of the `data` of the toolkit's errors. */

import type { ErrorEntry, ErrorValue } from "@subbyte/graph";

/** The names and types of the facts in the `data` of the toolkit's errors. */
export interface ToolkitErrorFacts {
  /** An option, by its name in the schema, such as `resizeTo`. */
  readonly option: string;
  readonly options: readonly string[];
  /** The value that was given. */
  readonly value: ErrorValue;
  /** A task of the toolkit, such as `quantize`. */
  readonly task: string;
  /** The values that can be chosen. */
  readonly allowed: readonly ErrorValue[];
  /** The range or kind of values that is accepted, in words. */
  readonly expected: ErrorValue;
  readonly found: ErrorValue;
  readonly file: string;
  /** Where images or weights come from: a folder, an archive, an address. */
  readonly source: string;
  readonly split: string;
  readonly classes: readonly string[];
  readonly network: string;
  readonly nodes: readonly string[];
  readonly package: string;
  /** The system that executes the runs of a study: `slurm` or `kubernetes`. */
  readonly system: string;
  readonly reason: string;
  readonly argument: string;
  readonly status: number;
  readonly images: number;
  readonly epoch: number;
  readonly step: number;
  /** Sentences that describe faults, each with its line. */
  readonly faults: readonly string[];
  readonly changes: readonly string[];
  /** Names of a study's runs. */
  readonly runs: readonly string[];
}

/** Error codes with their causes, remedies, and the facts that are always in `data`. */
export type ErrorCodeTable = Readonly<Record<string, ErrorEntry<keyof ToolkitErrorFacts>>>;
