/** @file The types of a study whose file has been read and checked. */

import type { TaskName } from "../options/index.js";

/** The tasks for which a study has settings. */
export const settingTasks = ["train", "quantize", "qat", "evaluate"] as const satisfies readonly TaskName[];
export type SettingTask = (typeof settingTasks)[number];

/** Options by name, checked. */
export type Bag = Readonly<Record<string, unknown>>;

/** Axes of a study; each cell has one value per axis. */
export const axes = ["network", "data", "method", "bits", "seed"] as const;
export type Axis = (typeof axes)[number];

/** Values that a cell may have, by axis; an axis that is left out allows all. */
export type Selector = { readonly [A in Axis]?: readonly string[] };

/** One combination of values of all axes. */
export interface Cell {
  readonly network: string;
  readonly data: string;
  readonly method: string;
  /** A name such as `w4a4`. */
  readonly bits: string;
  readonly seed: number;
}

/** A way to quantize a float network. */
export interface StudyMethod {
  readonly task: "quantize" | "qat";
  /**
   * Whether each bit width begins with the weights of the one above it: one training with a stage per bit width, instead of
   * several.
   */
  readonly chain: boolean;
  readonly options: Bag;
}

/** One entry of the axis of bit widths. */
export interface StudyBits {
  readonly options: Bag;
  /** Position on an axis of bits: the bit width of weights, or the mean from a budget. Absent for budgets of size and time. */
  readonly position?: number;
}

/** Settings of the cells that `where` selects; those of later entries win. */
export interface StudySettings {
  readonly where: Selector;
  readonly tasks: { readonly [Task in SettingTask]?: Bag };
}

/** A finished network: a float one or, with a method, the quantized one of a cell. */
export interface ImportedModel {
  readonly network: string;
  readonly data: string;
  readonly cell?: Pick<Cell, "method" | "bits" | "seed">;
  /** Path of the file, as in the study. */
  readonly file: string;
}

/** How speed is measured. The float network and those of all bit widths take turns on one thread. */
export interface LatencySettings {
  /** Whether to measure in headless Chromium, too, against the browser runtimes that are installed. */
  readonly browser: boolean;
  readonly turns: number;
}

export interface StudyDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Threads of every run. They are a setting of the study, because sums in training depend on their number. */
  readonly threads: number;
  readonly networks: Readonly<Record<string, Bag>>;
  readonly data: Readonly<Record<string, Bag>>;
  readonly methods: Readonly<Record<string, StudyMethod>>;
  /** Entries of the axis of bit widths, by name. */
  readonly bits: Readonly<Record<string, StudyBits>>;
  /** The cells, in the order of the file. */
  readonly cells: readonly Cell[];
  readonly tasks: { readonly [Task in SettingTask]: Bag };
  readonly settings: readonly StudySettings[];
  readonly imports: readonly ImportedModel[];
  /** How speed is measured; undefined if it is not. */
  readonly latency: LatencySettings | undefined;
}

/** Whether a selector selects a cell. Float networks are cells of which only some values are known. */
export const selects = (selector: Selector, cell: Partial<Cell>): boolean =>
  axes.every(
    (axis) => selector[axis] === undefined || (cell[axis] !== undefined && selector[axis].includes(String(cell[axis]))),
  );

/** The name of a cell's run and of its folder. */
export const cellName = ({ network, data, method, bits, seed }: Cell): string =>
  `${network}-${data}-${method}-${bits}-s${seed}`;
