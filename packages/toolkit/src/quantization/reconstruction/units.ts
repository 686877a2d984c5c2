/** @file The units of reconstruction, which are learned one after the other: blocks, or each layer of a block. */

import type { Graph, Node } from "@subbyte/graph";
import { roleOf } from "../../lowering/operators/index.js";
import { isFakeQuant } from "../fake-quant.js";
import type { Block } from "./blocks.js";

export interface LearningUnit {
  readonly name: string;
  /** The value of the quantized graph that is the unit's input. */
  readonly input: string;
  /** The value that is compared with the value of the same name in the float network. */
  readonly output: string;
}

/**
 * The value at which a block is entered: the output of the FakeQuant of the block's input if that is fixed and all readers use
 * it; if it is learned with the block, the input itself.
 */
export function entryOf(graph: Graph, block: Block, isFixed: (node: Node) => boolean): string {
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(block.input));
  const [reader] = readers;
  return reader && readers.length === 1 && isFakeQuant(reader) && isFixed(reader) ? reader.outputs[0]! : block.input;
}

/** The layers of a block as units. A unit begins with the codes that the layer reads, and ends after the layer's clamp. */
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
