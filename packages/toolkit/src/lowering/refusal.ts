import { ModelError, type Node } from "@subbyte/graph";

/** A ModelError that names a node for which the engine has no integer form: `Pad "pad1": the engine pads with zeros, …`. */
export const noIntegerForm = (node: Node, reason: string): ModelError =>
  new ModelError(
    "no-integer-form",
    { operators: [node.op], nodes: [node.name], reason },
    `${node.op} "${node.name}": ${reason}`,
  );
