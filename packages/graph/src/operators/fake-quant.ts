/**
 * @file FakeQuant: quantizes and dequantizes in one step. This operator of our own simulates integers in a float graph.
 *
 *   y = s·(q − z),   q = clamp(rne(x/s) + z, qmin, qmax)
 *
 * Inputs x, scale s and zero point z (float32, of shape [], or [c] along `axis`). Attributes: `bits` 2…8, `signed`, `narrow`
 * (the lowest signed code stays unused), `axis` (present only per channel), `learnable` (1: s gets LSQ's gradient; 2: PACT's),
 * `learnableZeroPoint` (z gets a gradient, as an offset of −s·z).
 *
 * FakeQuantGradient(dy, x, s, z; the same attributes) → dx, ds if s or z is learnable, dz if z is. Inside means qmin − z ≤ x/s
 * ≤ qmax − z.
 *
 *   dx = dy inside, 0 outside                                   straight-through, Bengio et al. 2013, arXiv:1308.3432
 *   ds = Σ dy·(q − z − x/s) inside, Σ dy·(q − z) outside        LSQ, Esser et al. 2020, arXiv:1902.08153, eq. 3
 *   ds = Σ dy·(q − z) outside                                   PACT, Choi et al. 2018, arXiv:1805.06085, eq. 3, with bounds s·(q − z)
 *   dz = −s·Σ dy outside                                        LSQ+, Bhalgat et al. 2020, arXiv:2004.09576, eq. 8, with β = −s·z
 *
 * A zero point that is being learned may lie between two codes; then the bounds are rounded: q − z = rne(clamp(x/s, qmin − z,
 * qmax − z)).
 * The optimizer applies LSQ's gradient scale 1/√(n·qmax).
 */

import { roundHalfToEven } from "../ir/float16.js";
import type { Attributes, Node, Tensor } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit, normalizeAxis } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";

const defaults = { bits: 8, signed: 0, narrow: 0, learnable: 0, learnableZeroPoint: 0 };

/** The value of `learnable` with which the scale learns from clipped values alone. */
export const PACT = 2;

/** The codes that a FakeQuant, or its gradient, can produce. */
export function codeRange(attributes: Attributes): { readonly qmin: number; readonly qmax: number } {
  const { bits, signed, narrow } = { ...defaults, ...attributes } as typeof defaults;
  return signed
    ? { qmin: -(2 ** (bits - 1)) + (narrow ? 1 : 0), qmax: 2 ** (bits - 1) - 1 }
    : { qmin: 0, qmax: 2 ** bits - 1 };
}

/** The entry of scale and zero point that each element of x uses. */
function channelOf(node: Node, x: Tensor): (at: number) => number {
  const axis = node.attributes.axis as number | undefined;
  if (axis === undefined) return () => 0;
  const normal = normalizeAxis(node, axis, x.shape.length);
  const inner = x.shape.slice(normal + 1).reduce((a, b) => a * b, 1);
  const channels = x.shape[normal]!;
  return (at) => Math.floor(at / inner) % channels;
}

export const FakeQuant: OperatorDefinition = {
  op: "FakeQuant",
  domain: "subbyte",
  required: 3,
  defaults,

  infer({ node, inputs: [x, scale, zeroPoint] }) {
    if (!x || !scale || !zeroPoint) throw misfit(node, "an input is missing", "x, scale and zero point");
    const { bits } = attributesOf(node, defaults);
    if (!(Number.isInteger(bits) && bits >= 2 && bits <= 8)) throw misfit(node, `bits is ${bits}`, "2 to 8");
    if (x.shape && scale.shape && zeroPoint.shape) {
      const axis = node.attributes.axis as number | undefined;
      const needed = axis === undefined ? [] : [x.shape[normalizeAxis(node, axis, x.shape.length)]!];
      for (const [name, shape] of [
        ["scale", scale.shape],
        ["zero point", zeroPoint.shape],
      ] as const)
        if (shape.join() !== needed.join()) throw misfit(node, `${name} of shape [${shape}]`, `[${needed}]`);
    }
    return [x];
  },

  evaluate(node, [x, scale, zeroPoint]) {
    const { qmin, qmax } = codeRange(node.attributes);
    const channel = channelOf(node, x!);
    const [xs, s, z] = [numbersOf(x!), numbersOf(scale!), numbersOf(zeroPoint!)];
    // In float32 every step rounds, as in the runtimes.
    const round = x!.dtype === "float32" ? Math.fround : (value: number) => value;
    const y = Float64Array.from(xs, (value, at) => {
      const c = channel(at);
      const position = Math.min(qmax - z[c]!, Math.max(qmin - z[c]!, round(value / s[c]!)));
      return s[c]! * roundHalfToEven(position);
    });
    return [tensorOf(x!.dtype, x!.shape, y)];
  },

  gradient({ node, g, outputGradients: [dy], needed }) {
    const { learnable, learnableZeroPoint } = attributesOf(node, defaults);
    if (needed[1] && !learnable) throw misfit(node, "a gradient of a scale that is not learnable", "learnable=1");
    if (needed[2] && !learnableZeroPoint)
      throw misfit(node, "a gradient of a zero point that is not learnable", "learnableZeroPoint=1");
    const [ofScale, ofZeroPoint] = [needed[1] ? learnable : 0, needed[2] ? 1 : 0];
    const attributes = { ...defaults, ...node.attributes, learnable: ofScale, learnableZeroPoint: ofZeroPoint };
    const gradients = g.node("FakeQuantGradient", [dy!, ...node.inputs], attributes, {
      domain: "subbyte",
      outputs: gradientCount(attributes),
    });
    return [needed[0] ? gradients[0] : undefined, ofScale ? gradients[1] : undefined, gradients[2]];
  },
};

/** The number of outputs of a FakeQuantGradient. */
const gradientCount = ({ learnable, learnableZeroPoint }: Pick<typeof defaults, "learnable" | "learnableZeroPoint">) =>
  learnableZeroPoint ? 3 : learnable ? 2 : 1;

export const FakeQuantGradient: OperatorDefinition = {
  op: "FakeQuantGradient",
  domain: "subbyte",
  required: 4,
  defaults,

  infer: ({ node, inputs: [, x, scale, zeroPoint] }) =>
    [x!, scale!, zeroPoint!].slice(0, gradientCount(attributesOf(node, defaults))),

  evaluate(node, [dy, x, scale, zeroPoint]) {
    const { qmin, qmax } = codeRange(node.attributes);
    const channel = channelOf(node, x!);
    const [dys, xs, s, z] = [dy!, x!, scale!, zeroPoint!].map(numbersOf) as [
      ArrayLike<number>,
      ArrayLike<number>,
      ArrayLike<number>,
      ArrayLike<number>,
    ];
    const dx = new Float64Array(xs.length);
    const ds = new Float64Array(s.length);
    const dz = new Float64Array(z.length);
    const { learnable, ...others } = attributesOf(node, defaults);
    for (let at = 0; at < xs.length; at++) {
      const c = channel(at);
      const [low, high] = [qmin - z[c]!, qmax - z[c]!];
      const position = xs[at]! / s[c]!;
      const inside = position >= low && position <= high;
      if (inside) dx[at] = dys[at]!;
      else dz[c]! -= s[c]! * dys[at]!;
      const withinStep = learnable === PACT ? 0 : roundHalfToEven(position) - position;
      ds[c]! += dys[at]! * (inside ? withinStep : roundHalfToEven(position < low ? low : high));
    }
    const results = [
      tensorOf(x!.dtype, x!.shape, dx),
      tensorOf(scale!.dtype, scale!.shape, ds),
      tensorOf(zeroPoint!.dtype, zeroPoint!.shape, dz),
    ];
    return results.slice(0, gradientCount({ learnable, ...others }));
  },
};
