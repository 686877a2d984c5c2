/**
 * @file Arithmetic on symbolic dimensions. A symbolic dimension is a product of an integer and symbols, such as `"64*N"`. This
 * is enough to follow a batch of unknown size through any Reshape.
 */

import type { Dim } from "./types.js";

interface Monomial {
  readonly factor: number;
  /** The symbols, sorted; one may occur several times. */
  readonly symbols: readonly string[];
}

function parse(dim: Dim): Monomial {
  if (typeof dim === "number") return { factor: dim, symbols: [] };
  let factor = 1;
  const symbols: string[] = [];
  for (const part of dim.split("*")) {
    if (/^\d+$/.test(part)) factor *= Number(part);
    else symbols.push(part);
  }
  return { factor, symbols: symbols.sort() };
}

function render({ factor, symbols }: Monomial): Dim {
  if (symbols.length === 0 || factor === 0) return factor;
  return (factor === 1 ? symbols : [String(factor), ...symbols]).join("*");
}

/** The product of dimensions; 1 for none. */
export function dimProduct(dims: readonly Dim[]): Dim {
  let factor = 1;
  const symbols: string[] = [];
  for (const dim of dims) {
    const part = parse(dim);
    factor *= part.factor;
    symbols.push(...part.symbols);
  }
  return render({ factor, symbols: symbols.sort() });
}

/** `a / b` if that is a dimension, else undefined. */
export function dimQuotient(a: Dim, b: Dim): Dim | undefined {
  const numerator = parse(a);
  const denominator = parse(b);
  if (denominator.factor === 0 || numerator.factor % denominator.factor !== 0) return undefined;
  const symbols = [...numerator.symbols];
  for (const symbol of denominator.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  return render({ factor: numerator.factor / denominator.factor, symbols });
}

/** Whether every dimension is a number. */
export function isStatic(shape: readonly Dim[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === "number");
}
