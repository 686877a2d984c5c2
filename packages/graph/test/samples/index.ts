/** @file Samples of every ONNX operator: what `src/operators/operators.test.ts` runs and differentiates. */

import { elementwise } from "./elementwise.js";
import { layers } from "./layers.js";
import { movement } from "./movement.js";
import { reductions } from "./reductions.js";
import type { Sample } from "./sample.js";

export type { Sample } from "./sample.js";

export const samples: readonly Sample[] = [...elementwise, ...layers, ...movement, ...reductions];
