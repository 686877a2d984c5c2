/** @file The units of reconstruction, which are learned one after the other: blocks, or each layer of a block. */

import type { Graph, Node } from "@subbyte/graph";
import { roleOf } from "../../lowering/operators/index.js";
import { isFakeQuant } from "../fake-quant.js";
import type { Block } from "./blocks.js";

export interface LearningUnit {
  readonly name: string;
  /** Value of the quantized graph that is fed. */
  readonly input: string;
  /** The value that is compared with the value of the same name in the float network. */
  readonly output: string;
}

/**
 * Where a block is entered: behind the FakeQuant of its input where that is fixed and everything reads it, at the input itself
 * where the FakeQuant is learned with the block.
 */
export function entryOf(graph: Graph, block: Block, isFixed: (node: Node) => boolean): string {
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(block.input));
  const [reader] = readers;
  return reader && readers.length === 1 && isFakeQuant(reader) && isFixed(reader) ? reader.outputs[0]! : block.input;
}

/** Each layer of a block, from the codes it reads to its result, after the clamp that follows it. */
export function layerUnits(graph: Graph, block: Block): readonly LearningUnit[] {
  return block.layers.map((layer) => {
    let output = layer.outputs[0]!;
    for (;;) {
      const readers = graph.nodes.filter(({ inputs }) => inputs.includes(output));
      if (readers.length !== 1 || roleOf(graph, readers[0]!) !== "clamp") break;
      output = readers[0]!.outputs[0]!;
    }
    return { name: layer.name, input: layer.inputs[0]!, output };
  });
}
