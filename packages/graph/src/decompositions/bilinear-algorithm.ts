/**
 * @file Minimal filtering algorithms for correlation with three taps over a whole, zero-padded line.
 *
 *   y[p] = Σ_k w[k] · x[s·p + k − 1],   0 ≤ p < m,  stride s of 1 or 2,  x = 0 outside the line
 *        = Aᵀ · ((G·w) ⊙ (B·x))         G·w is the same in all tiles
 *
 * Because the tile transforms are linear, cutting the line into tiles and padding it with zeros are part of the constant
 * matrices A and B: columns that would lie outside the line do not exist, and lengths need not be multiples of the tile.
 * Rows of A and B are ordered product by product, all tiles of a product side by side, so that the products of one index
 * form a matrix.
 *
 * - Stride 1: Winograd's F(4, 3) on the points 0, ±1, ±2, ∞, six products for four outputs (Lavin and Gray 2015,
 *   arXiv:1509.09308, §4.3).
 * - Stride 1 on two elements: a 2×2 Toeplitz product of three products,
 *   y₀ = w₁(x₀+x₁) + (w₂−w₁)x₁,  y₁ = w₁(x₀+x₁) + (w₀−w₁)x₀.
 * - Stride 2: the line is split into its even elements, which meet w₁ only, and its odd ones, which meet w₀ and w₂, a
 *   correlation with two taps: F(4, 2) on 0, ±1, ½, ∞, nine products for four outputs in all; up to two outputs F(2, 2), five.
 */

/** A dense matrix in row-major order. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export interface BilinearAlgorithm {
  /** Number of products per tile. */
  readonly products: number;
  readonly tiles: number;
  /** B: [products · tiles, length]. */
  readonly input: Matrix;
  /** A: [products · tiles, outputs]. */
  readonly output: Matrix;
  /** G: [products, 3]. */
  readonly filter: Matrix;
}

/** One tile: `y = outputᵀ·((filter·w) ⊙ (input·x))`; x starts one element before the tile. */
interface Tile {
  readonly size: number;
  readonly input: readonly (readonly number[])[];
  readonly filter: readonly (readonly number[])[];
  /** Row p has the factor of every product in y[p]. */
  readonly output: readonly (readonly number[])[];
}

const F43: Tile = {
  size: 4,
  input: [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
  ],
  filter: [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
  ],
  output: [
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1],
  ],
};

/** x₋₁ and x₂ are padding. */
const TOEPLITZ2: Tile = {
  size: 2,
  input: [
    [0, 1, 1],
    [0, 0, 1],
    [0, 1, 0],
  ],
  filter: [
    [0, 1, 0],
    [0, -1, 1],
    [1, -1, 0],
  ],
  output: [
    [1, 1, 0],
    [1, 0, 1],
  ],
};

const F42: Tile = {
  size: 4,
  input: [
    [1, -2, -1, 2, 0],
    [0, -1, 1, 2, 0],
    [0, -1, 3, -2, 0],
    [0, 1, 0, -1, 0],
    [0, 1, -2, -1, 2],
  ],
  filter: [
    [1, 0],
    [1 / 2, 1 / 2],
    [1 / 6, -1 / 6],
    [8 / 3, 4 / 3],
    [0, 1 / 2],
  ],
  output: [
    [1, 1, 1, 1, 0],
    [0, 1, -1, 1 / 2, 0],
    [0, 1, 1, 1 / 4, 0],
    [0, 1, -1, 1 / 8, 1],
  ],
};

const F22: Tile = {
  size: 2,
  input: [
    [1, -1, 0],
    [0, 1, 0],
    [0, 1, -1],
  ],
  filter: [
    [1, 0],
    [1, 1],
    [0, 1],
  ],
  output: [
    [1, 1, 0],
    [0, 1, -1],
  ],
};

/** A tile of stride 2, made from a tile of two taps: products of the even elements first, then those of the odd ones. */
function polyphase({ size, input, filter, output }: Tile): Tile {
  const zeros = (length: number) => new Array<number>(length).fill(0);
  const unit = (length: number, at: number) => zeros(length).with(at, 1);
  const evens = Array.from({ length: size }, (_, p) => p);
  const length = 2 * size + 1;
  return {
    size,
    input: [
      ...evens.map((p) => unit(length, 2 * p + 1)),
      ...input.map((row) => row.reduce((wide, entry, j) => wide.with(2 * j, entry), zeros(length))),
    ],
    filter: [...evens.map(() => [0, 1, 0]), ...filter.map(([first, second]) => [first!, 0, second!])],
    output: evens.map((p) => [...unit(size, p), ...output[p]!]),
  };
}

function tileFor(length: number, outputs: number, stride: 1 | 2): Tile {
  if (stride === 2) return polyphase(outputs <= 2 ? F22 : F42);
  return length === 2 && outputs === 2 ? TOEPLITZ2 : F43;
}

/**
 * The algorithm for a line of `length` elements, with one zero before it and as many zeros after it as `outputs` positions
 * need.
 */
export function correlation3(length: number, outputs: number, stride: 1 | 2): BilinearAlgorithm {
  const tile = tileFor(length, outputs, stride);
  const products = tile.input.length;
  const tiles = Math.ceil(outputs / tile.size);
  const input = matrix(products * tiles, length);
  const output = matrix(products * tiles, outputs);
  for (let product = 0; product < products; product++) {
    for (let at = 0; at < tiles; at++) {
      const row = product * tiles + at;
      const start = at * tile.size;
      tile.input[product]!.forEach((entry, j) => {
        const position = start * stride - 1 + j;
        if (position >= 0 && position < length) input.data[row * length + position] = entry;
      });
      for (let p = 0; p < tile.size && start + p < outputs; p++)
        output.data[row * outputs + start + p] = tile.output[p]![product]!;
    }
  }
  return { products, tiles, input, output, filter: fromRows(tile.filter) };
}

/** Kronecker product with rows (i, j) and columns (k, l): [p, q] ⊗ [r, s] = [p·r, q·s]. */
export function kronecker(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows * b.rows, a.columns * b.columns);
  let at = 0;
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++)
      for (let k = 0; k < a.columns; k++)
        for (let l = 0; l < b.columns; l++) result.data[at++] = a.data[i * a.columns + k]! * b.data[j * b.columns + l]!;
  return result;
}

/** The transform of a line, and what its rows mean. */
export interface LineTransform {
  readonly products: number;
  readonly tiles: number;
  readonly transform: Matrix;
}

/**
 * The transform of images whose columns and rows are transformed by `height` and `width`: rows (a, b, i, j) for products
 * a, b and tiles i, j; columns (y, x).
 */
export function imageTransform(height: LineTransform, width: LineTransform): Matrix {
  const columns = height.transform.columns * width.transform.columns;
  const result = matrix(height.transform.rows * width.transform.rows, columns);
  let at = 0;
  for (let a = 0; a < height.products; a++)
    for (let b = 0; b < width.products; b++)
      for (let i = 0; i < height.tiles; i++)
        for (let j = 0; j < width.tiles; j++) {
          const rowOfHeight = (a * height.tiles + i) * height.transform.columns;
          const rowOfWidth = (b * width.tiles + j) * width.transform.columns;
          for (let y = 0; y < height.transform.columns; y++)
            for (let x = 0; x < width.transform.columns; x++)
              result.data[at++] = height.transform.data[rowOfHeight + y]! * width.transform.data[rowOfWidth + x]!;
        }
  return result;
}

function matrix(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) };
}

function fromRows(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0]!.length, data: Float64Array.from(rows.flat()) };
}
