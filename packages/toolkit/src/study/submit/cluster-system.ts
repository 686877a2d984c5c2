/** @file What a cluster system has to provide so that `study submit` can use it; `submission.ts` lists the systems. */

import type { OptionName, TaskOptions } from "../../options/index.js";
import type { OpenedStudy } from "../open-study.js";
import type { JobArray } from "./arrays.js";

export type SubmitOptions = TaskOptions<"study submit">;

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/** The runs to submit, and the place of their files. */
export interface SubmissionRequest {
  readonly study: OpenedStudy;
  readonly arrays: readonly JobArray[];
  readonly options: SubmitOptions;
  /** Absolute path of the folder for the submission's files. */
  readonly place: string;
  /** Number of this submission of the study, counted from 1. */
  readonly number: number;
}

export interface ClusterSystem {
  /** The program that has to be set up on this machine. */
  readonly tool: string;
  /** Options that no other system takes. */
  readonly ownOptions: readonly OptionName[];
  /**
   * Writes the files of the submission.
   *
   * @returns the command that submits them
   * @throws {UsageError} if an option is missing or does not fit the study
   */
  write(request: SubmissionRequest): Promise<Command>;
}
