/**
 * @file FakeQuant and its gradient in plain operators.
 *
 *   v = x/s,  c = clamp(v, qmin − z, qmax − z),  y = s·rne(c)
 *
 * equals s·(clamp(rne(v) + z, qmin, qmax) − z), because the bounds are integers and rounding is monotonic.
 *
 *   inside = [v = c]                     within the bounds, which belong to the inside
 *   dx = dy·inside
 *   ds = Σ dy·(rne(c) − inside·v)        rne(c) is the bound itself outside; with PACT Σ (dy − dx)·rne(c)
 *   dz = s·Σ (dx − dy)
 *
 * QuantizeLinear and DequantizeLinear would be rewritten to integer kernels by some runtimes, and know no fewer than 4 bits.
 */

import { toNumbers } from "../ir/tensor.js";
import type { Node } from "../ir/types.js";
import { codeRange, PACT } from "../operators/fake-quant.js";
import { attributesOf, normalizeAxis } from "../operators/support/attributes.js";
import type { Decomposition, DecompositionContext } from "./decomposition.js";
import { reshape } from "./support.js";

export const fakeQuant: Decomposition = {
  op: "FakeQuant",
  domain: "subbyte",
  rewrite(node, context) {
    const [x, scale, zeroPoint] = node.inputs as [string, string, string];
    const { rounded, broadcastScale } = quantized(node, context, x, scale, zeroPoint);
    return [context.g.op("Mul", [rounded, broadcastScale])];
  },
};

export const fakeQuantGradient: Decomposition = {
  op: "FakeQuantGradient",
  domain: "subbyte",
  rewrite(node, context) {
    const { g, type } = context;
    const [dy, x, scale, zeroPoint] = node.inputs as [string, string, string, string];
    const { position, clamped, rounded } = quantized(node, context, x, scale, zeroPoint);
    const inside = g.op("Cast", [g.op("Equal", [position, clamped])], { to: 1 });
    const dx = g.op("Mul", [dy, inside]);
    const { learnable, learnableZeroPoint } = attributesOf(node, { learnable: 0, learnableZeroPoint: 0 });
    if (!learnable && !learnableZeroPoint) return [dx];
    const rank = type(x).shape!.length;
    const axis = channelAxis(node, rank);
    const sum = (value: string) => {
      const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
      return g.op("ReduceSum", axis === undefined ? [value] : [value, g.ints(others)], { keepdims: 0 });
    };
    const ds =
      learnable === PACT
        ? sum(g.op("Mul", [g.op("Sub", [dy, dx]), rounded]))
        : sum(g.op("Mul", [dy, g.op("Sub", [rounded, g.op("Mul", [inside, position])])]));
    if (!learnableZeroPoint) return [dx, ds];
    return [dx, ds, g.op("Mul", [sum(g.op("Sub", [dx, dy])), scale])];
  },
};

interface Quantized {
  /** v = x/s. */
  readonly position: string;
  /** c of the formulas at the top of this file. */
  readonly clamped: string;
  /** rne(c) = q − z. */
  readonly rounded: string;
  /** s in a shape that broadcasts over x. */
  readonly broadcastScale: string;
}

/** The steps that forward and backward pass share. */
function quantized(node: Node, context: DecompositionContext, x: string, scale: string, zeroPoint: string): Quantized {
  const { g, type, once } = context;
  const rank = type(x).shape!.length;
  const axis = channelAxis(node, rank);
  const { qmin, qmax } = codeRange(node.attributes);
  const key = `${x} ${scale} ${zeroPoint} ${axis} ${qmin} ${qmax}`;
  const spread = (value: string) =>
    axis === undefined
      ? value
      : once(`per channel ${value} ${axis} ${rank}`, () =>
          reshape(
            g,
            value,
            Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1)),
          ),
        );
  const broadcastScale = spread(scale);
  const position = once(`steps ${x} ${scale} ${axis}`, () => g.op("Div", [x, broadcastScale]));
  const clamped = once(`clamped ${key}`, () => clamp(context, position, zeroPoint, spread, qmin, qmax));
  const rounded = once(`rounded ${key}`, () => g.op("Round", [clamped]));
  return { position, clamped, rounded, broadcastScale };
}

/** clamp(v, qmin − z, qmax − z): one Clip if z is the same everywhere. */
function clamp(
  { g, constant, type }: DecompositionContext,
  position: string,
  zeroPoint: string,
  spread: (value: string) => string,
  qmin: number,
  qmax: number,
): string {
  const known = constant(zeroPoint);
  const values = known && toNumbers(known);
  if (values && values.length > 0 && values.every((z) => z === values[0]))
    return g.op("Clip", [position, g.scalar(qmin - values[0]!), g.scalar(qmax - values[0]!)]);
  const low = g.op("Sub", [g.scalar(qmin), zeroPoint]);
  const high = g.op("Sub", [g.scalar(qmax), zeroPoint]);
  if (type(zeroPoint).shape!.length === 0) return g.op("Clip", [position, low, high]);
  return g.op("Min", [g.op("Max", [position, spread(low)]), spread(high)]);
}

const channelAxis = (node: Node, rank: number): number | undefined => {
  const axis = node.attributes.axis as number | undefined;
  return axis === undefined ? undefined : normalizeAxis(node, axis, rank);
};
