/** @file Runs parts of networks over all calibration images. */

import { elementCount, expandForInference, type Graph, inferTypes, type Node, type Tensor } from "@subbyte/graph";
import { createSession, type SessionOptions } from "../../runtime/session.js";
import type { CalibrationInput } from "../ranges.js";
import { createRows, type Rows, type RowsOptions } from "./rows.js";
import { partOf } from "./subgraph.js";

/** Images per batch. */
const BATCH = 64;

export interface ActivationContext {
  readonly session: SessionOptions;
  readonly rows: RowsOptions;
  readonly signal?: AbortSignal | undefined;
}

/** Shape `[C, …]` of a value for one image. */
export function rowShape(graph: Graph, value: string): readonly number[] {
  return inferTypes(graph).get(value)!.shape!.slice(1) as readonly number[];
}

/** All calibration images, as the network takes them. */
export async function imageRows(graph: Graph, calibration: CalibrationInput, options: RowsOptions): Promise<Rows> {
  let count = 0;
  for await (const batch of calibration.batches()) count += batch.shape[0]!;
  const rows = createRows(count, elementCount(rowShape(graph, graph.inputs[0]!.name)), options);
  let first = 0;
  for await (const batch of calibration.batches()) {
    rows.write(first, batch.data as Float32Array);
    first += batch.shape[0]!;
  }
  return rows;
}

/** The value `output` of every image, computed by `nodes` of the graph from the value `input`. */
export async function propagate(
  graph: Graph,
  nodes: readonly Node[],
  from: { readonly input: string; readonly rows: Rows },
  output: string,
  context: ActivationContext,
): Promise<Rows> {
  const { input, rows } = from;
  const types = inferTypes(graph);
  const part = partOf(graph, types.get(input)!, { name: `to ${output}`, nodes, input, outputs: [output] });
  const shape = rowShape(graph, input);
  const result = createRows(rows.count, elementCount(rowShape(graph, output)), context.rows);
  const session = await createSession(expandForInference(part), context.session);
  try {
    for (let first = 0; first < rows.count; first += BATCH) {
      context.signal?.throwIfAborted();
      const count = Math.min(BATCH, rows.count - first);
      const feed: Tensor = { dtype: "float32", shape: [count, ...shape], data: rows.slice(first, count) };
      result.write(first, (await session.run({ [input]: feed }))[output]!.data as Float32Array);
    }
  } catch (error) {
    result.close();
    throw error;
  } finally {
    await session.release();
  }
  return result;
}
