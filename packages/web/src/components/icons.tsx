/** @file Icons drawn for this page, and a picture of a bit width. Text beside them always says the same. */

import type { JSX } from "preact";

const shapes = {
  check: <path d="m3.5 8.5 3 3 6-7" />,
  differs: <path d="M3 6h10M3 10h10M10.5 3l-5 10" />,
  warning: <path d="M8 2.5 14 13H2Zm0 4v3m0 1.8v.2" />,
  info: <path d="M8 7.2v4M8 4.8v.2M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z" />,
  lock: <path d="M4 7.5h8v5.5H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5" />,
  copy: <path d="M6 6h7.5v7.5H6zM3.5 10H2.5V2.5H10v1" />,
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

/** The eight bits of a byte, of which as many are filled as the bit width says. For float, all are filled, within a frame. */
export function BitGlyph({ bits, height = 14 }: { readonly bits: number; readonly height?: number }): JSX.Element {
  const isFloat = bits > 8;
  const bars = (from: number, to: number): string =>
    Array.from({ length: Math.max(0, to - from) }, (_, i) =>
      isFloat ? `M${5.7 + 3.8 * (from + i)} 5.2v5.6` : `M${1.75 + 5 * (from + i)} 1.75v12.5`,
    ).join("");
  return (
    <svg
      class="glyph"
      width={height * 2.5}
      height={height}
      viewBox="0 0 40 16"
      fill="none"
      stroke="currentColor"
      stroke-width={isFloat ? 2.4 : 3.5}
      stroke-linecap="round"
      aria-hidden="true"
    >
      {isFloat ? (
        <path
          d="M3.75 .75h31.5a3 3 0 0 1 3 3v8.5a3 3 0 0 1-3 3H3.75a3 3 0 0 1-3-3v-8.5a3 3 0 0 1 3-3Z"
          stroke-width="1.5"
        />
      ) : null}
      <path d={bars(0, Math.min(bits, 8))} />
      {bits < 8 ? <path d={bars(bits, 8)} opacity="0.22" /> : null}
    </svg>
  );
}
