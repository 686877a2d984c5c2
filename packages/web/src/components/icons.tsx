/** @file Icons drawn for this page, and a picture of a bit width. They say nothing that text beside them does not. */

import type { JSX } from "preact";

const shapes = {
  check: <path d="m3.5 8.5 3 3 6-7" />,
  differs: <path d="M3 6h10M3 10h10M10.5 3l-5 10" />,
  warning: <path d="M8 2.5 14 13H2Zm0 4v3m0 1.8v.2" />,
  info: <path d="M8 7.2v4M8 4.8v.2M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z" />,
  lock: <path d="M4 7.5h8v5.5H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5" />,
  close: <path d="m4 4 8 8m0-8-8 8" />,
  image: <path d="M2.5 3h11v10h-11zm0 8 3.5-3.5 2.5 2.5L11 7l2.5 2.5M6 6v.01" />,
  camera: <path d="M2 5h3l1-1.5h4L11 5h3v8H2Zm8.2 3.8a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0Z" />,
  device: <path d="M3 3h10v7.5H3zM1.5 13h13" />,
  server: <path d="M3 3h10v4H3zm0 6h10v4H3zm2.5-4v.01M5.5 11v.01" />,
  expand: <path d="m4 6.5 4 4 4-4" />,
  clock: <path d="M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0ZM8 4.5V8l2.5 1.5" />,
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {shapes[name]}
    </svg>
  );
}

/** Eight places of a byte, as many of them filled as the width has bits; float fills all and has a frame. */
export function BitGlyph({ bits, height = 14 }: { readonly bits: number; readonly height?: number }): JSX.Element {
  const isFloat = bits > 8;
  return (
    <svg class="glyph" width={height * 2.5} height={height} viewBox="0 0 40 16" fill="currentColor" aria-hidden="true">
      {isFloat ? (
        <rect
          x="0.75"
          y="0.75"
          width="37.5"
          height="14.5"
          rx="3"
          fill="none"
          stroke="currentColor"
          stroke-width="1.5"
        />
      ) : null}
      {Array.from({ length: 8 }, (_, i) => (
        <rect
          key={i}
          x={isFloat ? 4.5 + i * 3.8 : i * 5}
          y={isFloat ? 4 : 0}
          width={isFloat ? 2.4 : 3.5}
          height={isFloat ? 8 : 16}
          rx="1"
          opacity={isFloat || i < bits ? 1 : 0.22}
        />
      ))}
    </svg>
  );
}
