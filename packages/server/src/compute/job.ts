/** @file Images of a request on their way through the scheduler, and what comes of them. */

import type { Tensor } from "../tensors/tensor.js";
import type { RunTimes, WorkItem } from "./protocol.js";

export interface JobResult {
  readonly outputs: readonly Tensor[];
  readonly times: RunTimes & { readonly decode: number };
  /** Milliseconds between submission and answer, without those of decoding and computing. */
  readonly queue: number;
}

export interface Job {
  readonly item: WorkItem;
  /** Images, the first dimension of its tensors. */
  readonly count: number;
  readonly signal: AbortSignal;
  readonly submitted: number;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
}
