/**
 * @file Merges axes that a transposition moves together, which gives Reshape → Transpose → Reshape with as few axes as
 * possible.
 *
 * A channel shuffle (ShuffleNet) is exported as [N, g, C/g, H, W] with the second and third axis exchanged. Height and
 * width stay side by side, so [N, g, C/g, H·W] expresses the same with four axes, which the integer engine supports.
 */

import { int64 } from "../ir/tensor.js";
import type { Dim } from "../ir/types.js";
import { anyValue, constant, node } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const [split, joined] = [constant(), constant()];
const apart = node("Reshape", [x, split]);
const transposed = node("Transpose", [apart]);

/** Runs of axes that are neighbours before and after the transposition, in the new order; the batch is a run of its own. */
function runsOf(permutation: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (const axis of permutation) {
    const last = runs.at(-1);
    if (last && last[0] !== 0 && last.at(-1)! + 1 === axis) last.push(axis);
    else runs.push([axis]);
  }
  return runs;
}

/** The target of a Reshape that copies the batch; undefined if another dimension is a symbol. */
function targetOf([, ...dims]: readonly Dim[]) {
  return dims.every((dim) => typeof dim === "number") ? int64([0, ...dims]) : undefined;
}

const shuffle: Rule = {
  name: "merge-axes",
  match: node("Reshape", [transposed, joined]),
  rewrite(match, context) {
    const title = `Transpose "${match.node(transposed).name}"`;
    const permutation = match.node(transposed).attributes.perm as readonly number[] | undefined;
    const [before, between, after] = [match.value(x), match.node(apart).outputs[0]!, match.root.outputs[0]!].map(
      (value) => context.type(value)?.shape,
    );
    if (permutation?.[0] !== 0) return skip(`${title} moves the batch`);
    const runs = runsOf(permutation);
    if (runs.length === permutation.length) return skip(`${title} keeps no two axes together`);
    if (!before || !between || !after || before[0] !== between[0] || before[0] !== after[0])
      return skip(`the shapes around ${title} are not known, or change the batch`);
    const inOrder = runs.toSorted((a, b) => a[0]! - b[0]!);
    const merged = inOrder.map((run) =>
      run.reduce<Dim>((size, axis) => {
        const dim = between[axis]!;
        return typeof size === "number" && typeof dim === "number" ? size * dim : dim;
      }, 1),
    );
    const [first, second] = [targetOf(merged), targetOf(after)];
    if (!first || !second) return skip(`the shapes around ${title} have other symbols than the batch`);
    const view = context.node(match.node(apart), "Reshape", [
      match.value(x),
      context.replaceConstant(match.value(split), first),
    ]);
    const moved = context.node(match.node(transposed), "Transpose", [view], {
      perm: runs.map((run) => inOrder.indexOf(run)),
    });
    return context.node(match.root, "Reshape", [moved, context.replaceConstant(match.value(joined), second)]);
  },
};

export const mergeAxes = rulePass("merge-axes", [shuffle]);
