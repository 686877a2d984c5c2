/** @file Converts nodes and their attributes from protobuf messages to the IR. */

import { ModelError } from "../errors.js";
import { float32 } from "../ir/tensor.js";
import type { Attribute, Attributes, Node, Tensor } from "../ir/types.js";
import { requireKind } from "./attributes.js";
import { canonicalDomain } from "./opsets.js";
import { type AttributeProto, AttributeType, type NodeProto, type TensorProto, toBigInt } from "./schema.js";

/** Decodes a tensor; `where` names its place in messages. */
export type TensorReader = (proto: TensorProto, where: string) => Tensor;

const trimmed = (values: readonly string[]): string[] =>
  values.slice(0, values.findLastIndex((value) => value !== "") + 1);

/** Converts a node of the file, under a name that is unique in the graph. */
export function readNode(proto: NodeProto, name: string, tensorReader: TensorReader): Node {
  return {
    name,
    op: proto.op_type,
    domain: canonicalDomain(proto.domain),
    inputs: trimmed(proto.input),
    outputs: trimmed(proto.output),
    attributes: readAttributes(proto, name, tensorReader),
  };
}

function readAttributes(proto: NodeProto, name: string, tensorReader: TensorReader): Attributes {
  const where = `${proto.op_type} "${name}"`;
  // A null prototype, because attribute names come from the file and "__proto__" is one.
  const attributes: Record<string, Attribute> = Object.create(null);
  for (const attribute of proto.attribute) {
    const place = `attribute "${attribute.name}" of ${where}`;
    const value = readAttribute(attribute, place, tensorReader);
    if (canonicalDomain(proto.domain) === "") requireKind(place, proto.op_type, attribute.name, value);
    attributes[attribute.name] = value;
  }
  return { ...attributes };
}

function readAttribute(proto: AttributeProto, place: string, tensorReader: TensorReader): Attribute {
  switch (proto.type) {
    case AttributeType.FLOAT:
      return proto.f;
    case AttributeType.INT:
      return safe(toBigInt(proto.i));
    case AttributeType.STRING:
      return proto.s;
    case AttributeType.TENSOR:
      if (!proto.t) break;
      return tensorReader(proto.t, place);
    case AttributeType.FLOATS:
      return [...proto.floats];
    case AttributeType.INTS:
      return proto.ints.map((item) => {
        const value = safe(toBigInt(item));
        if (typeof value === "number") return value;
        throw new ModelError(
          "unsupported-form",
          { place, found: `${value}` },
          `${place} holds ${value}, which is beyond ±2^53; such limits must be inputs`,
        );
      });
    case AttributeType.STRINGS:
      return [...proto.strings];
  }
  if (proto.ref_attr_name !== "")
    throw new ModelError(
      "unsupported-form",
      { place, found: proto.ref_attr_name },
      `${place} refers to an attribute of a function; inline functions before saving the model`,
    );
  throw new ModelError(
    "damaged-model",
    { place, reason: "an attribute without a value", found: proto.type },
    `${place} has no value or the unknown type ${proto.type}; the file is damaged or too new`,
  );
}

const safe = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** The tensor of a Constant node. */
export function constantOf(node: NodeProto, tensorReader: TensorReader): Tensor {
  const where = `Constant "${node.output[0] ?? node.name}"`;
  const attribute = node.attribute.find(({ name }) => name.startsWith("value"));
  switch (attribute?.name) {
    case "value":
      if (!attribute.t) break;
      return tensorReader(attribute.t, where);
    case "value_float":
      return float32([attribute.f], []);
    case "value_floats":
      return float32(attribute.floats);
    case "value_int":
      return { dtype: "int64", shape: [], data: BigInt64Array.of(toBigInt(attribute.i)) };
    case "value_ints":
      return {
        dtype: "int64",
        shape: [attribute.ints.length],
        data: BigInt64Array.from(attribute.ints, toBigInt),
      };
  }
  throw new ModelError(
    "damaged-model",
    { place: where, reason: "no tensor, number or list of numbers" },
    `${where} holds no tensor, number or list of numbers; the file is damaged, or it holds text`,
  );
}
