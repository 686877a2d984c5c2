/** @file The events that a task emits while it runs: one typed stream for a terminal, a page or a log. */

/** The current step of a task. */
export type Phase =
  | "hashing inputs"
  | "opening images"
  | "making images"
  | "choosing bit widths"
  | "calibrating"
  | "learning"
  | "quantizing"
  | "training"
  | "validating"
  | "classifying"
  | "evaluating"
  | "trying normalizations"
  | "trying more bits"
  | "measuring"
  | "downloading";

/** Figures of the work so far, as numbers that a page can plot. */
export interface ProgressFigures {
  readonly loss?: number;
  /** Share of correct answers, 0 … 1. */
  readonly accuracy?: number;
  readonly learningRate?: number;
  readonly imagesPerSecond?: number;
}

/** A step of the work begins; the one before is finished. */
export interface PhaseEvent {
  readonly type: "phase";
  readonly phase: Phase;
  /** Details of the phase, such as `epoch 3/30`. */
  readonly detail?: string;
  /** Bit width that is trained, in a chain of bit widths. */
  readonly bits?: number;
}

/** Progress of the current phase. */
export interface ProgressEvent {
  readonly type: "progress";
  readonly phase: Phase;
  /** The current part of the work, such as the name of a layer. */
  readonly detail?: string;
  /** Bit width that is trained, in a chain of bit widths. */
  readonly bits?: number;
  readonly done: number;
  /** All of the work, in the unit of `done`; absent if it is not known. */
  readonly total?: number;
  /** The unit of `done` and `total`; if absent, `done` is a share of the work, from 0 to 1. */
  readonly unit?: "images" | "steps" | "bytes" | "layers" | "measurements" | "turns";
  /** Expected seconds until the end of the phase, or of a whole training; absent until it can be estimated. */
  readonly secondsLeft?: number;
  readonly figures?: ProgressFigures;
}

/** A sentence about the result for the user, emitted once. */
export interface NoteEvent {
  readonly type: "note";
  readonly text: string;
}

/** A sentence about something that is probably wrong, emitted once. */
export interface WarningEvent {
  readonly type: "warning";
  readonly text: string;
}

/** Whatever a task reports while it runs; `type` tells which. */
export type TaskEvent = PhaseEvent | ProgressEvent | NoteEvent | WarningEvent;
