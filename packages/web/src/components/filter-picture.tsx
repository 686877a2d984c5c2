/** @file Weights as colours: one kernel for each input channel. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface FilterPictureProps {
  /** `[inputs, height, width]` */
  readonly values: Float32Array;
  readonly inputs: number;
  readonly height: number;
  readonly width: number;
  readonly label: string;
}

/** Kernels beside each other in about a square, a pixel apart. */
export function FilterPicture({ values, inputs, height, width, label }: FilterPictureProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const columns = inputs <= 3 ? 1 : Math.ceil(Math.sqrt((inputs * height) / width));
  const rows = Math.ceil(inputs / columns);
  useEffect(() => {
    const { width: across, height: down } = canvas.current!;
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(across, down);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    for (let i = 0; i < inputs; i++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const left = (i % columns) * (width + 1) + x;
          const top = Math.floor(i / columns) * (height + 1) + y;
          image.data.set(colour(values[(i * height + y) * width + x]! / largest), 4 * (top * across + left));
        }
    context.putImageData(image, 0, 0);
  }, [values, inputs, height, width, columns]);
  return (
    <canvas
      class="filter"
      ref={canvas}
      width={columns * (width + 1) - 1}
      height={rows * (height + 1) - 1}
      role="img"
      aria-label={label}
    />
  );
}

/** Blue for positive weights, orange for negative ones, grey for zero. Colour-blind people can tell them apart. */
function colour(share: number): readonly [number, number, number, number] {
  const zero = [128, 130, 138] as const;
  const end = share >= 0 ? ([150, 185, 255] as const) : ([190, 80, 0] as const);
  const mix = (channel: 0 | 1 | 2) => zero[channel] + (end[channel] - zero[channel]) * Math.abs(share);
  return [mix(0), mix(1), mix(2), 255];
}
