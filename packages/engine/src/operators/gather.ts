/** @file Strided copies; Slice and Transpose use them. */

/** Distances between neighbours along each axis of a row-major array. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Copies to y, row-major in `shape`, the elements of x at `start + Σ index[axis] · steps[axis]`; for one or three axes. */
export function gather(
  x: Uint8Array,
  start: number,
  steps: readonly number[],
  shape: readonly number[],
  y: Uint8Array,
): () => void {
  const lead = 3 - shape.length;
  const [a, b, c] = [0, 1, 2].map((axis) => (axis < lead ? 1 : shape[axis - lead]!)) as [number, number, number];
  const [stepA, stepB, stepC] = [0, 1, 2].map((axis) => (axis < lead ? 0 : steps[axis - lead]!)) as [
    number,
    number,
    number,
  ];
  return () => {
    let to = 0;
    for (let i = 0; i < a; i++)
      for (let j = 0; j < b; j++) {
        const from = start + i * stepA + j * stepB;
        for (let k = 0; k < c; k++) y[to++] = x[from + k * stepC]!;
      }
  };
}
