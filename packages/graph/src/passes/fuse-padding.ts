/** @file Merges a Pad with zeros, of height and width only, into the `pads` of the convolution that reads it. */

import { toNumbers } from "../ir/tensor.js";
import { anyValue, constant, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const pads = constant();
const value = optional(constant());
const pad = node("Pad", [x, pads, value]);
const weight = anyValue();
const bias = optional(anyValue());

const padConv: Rule = {
  name: "fuse-padding",
  match: node("Conv", [pad, weight, bias]),
  rewrite(match, context) {
    const conv = match.root;
    const widths = toNumbers(match.tensor(pads)); // [begins of all axes, ends of all axes]
    const rank = widths.length / 2;
    const isSpatial = [0, 1, rank, rank + 1].every((i) => widths[i] === 0);
    const { mode = "constant" } = match.node(pad).attributes;
    const { auto_pad: autoPad = "NOTSET", ...attributes } = conv.attributes;
    if (mode !== "constant" || !isSpatial || widths.some((width) => width < 0) || match.tensor(value)?.data[0])
      return skip(`Pad "${match.node(pad).name}" does not pad height and width with zeros`);
    if (autoPad !== "NOTSET" && autoPad !== "VALID") return skip(`Conv "${conv.name}" pads by itself (${autoPad})`);
    const added = [...widths.slice(2, rank), ...widths.slice(rank + 2)];
    const own = (attributes.pads as readonly number[] | undefined) ?? added.map(() => 0);
    const inputs = [match.value(x), match.value(weight), match.value(bias) ?? ""];
    return context.node(
      conv,
      "Conv",
      inputs.filter((input) => input !== ""),
      {
        ...attributes,
        pads: own.map((width, i) => width + added[i]!),
      },
    );
  },
};

export const fusePadding = rulePass("fuse-padding", [padConv]);
