/** @file The images of a request in the scheduler, and their results. */

import type { Cancellation } from "../cancellation.js";
import type { Tensor } from "../tensors/tensor.js";
import type { RunTimes, WorkItem } from "./protocol.js";

export interface JobResult {
  readonly outputs: readonly Tensor[];
  readonly times: RunTimes & { readonly decode: number };
  /** Milliseconds between submission and answer, without decoding and computing. */
  readonly queue: number;
}

export interface Job {
  readonly item: WorkItem;
  /** Number of images, the first dimension of its tensors. */
  readonly count: number;
  readonly cancellation: Cancellation;
  readonly submitted: number;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
}
