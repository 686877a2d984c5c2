/**
 * @file A chart panel as SVG text: a frame with grid and labels, in which charts draw marks. Colors are CSS variables of the
 * page, so that panels follow light and dark mode. A panel is narrow enough for a phone; pages put several side by side.
 */

import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from "d3-scale";
import { escapeHtml } from "../page.js";

export const panel = { width: 360, height: 260, left: 44, right: 14, top: 28, bottom: 44 } as const;

export interface Axis {
  readonly label: string;
  readonly scale: ScaleContinuousNumeric<number, number>;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

const inner = {
  x: [panel.left, panel.width - panel.right],
  y: [panel.height - panel.bottom, panel.top],
} as const;

interface LinearAxis {
  readonly domain: readonly [number, number];
  readonly label: string;
  readonly format?: (value: number) => string;
  readonly ticks?: readonly number[];
}

/** A linear axis along x or y. */
export function linearAxis(place: "x" | "y", { domain, label, format = String, ticks }: LinearAxis): Axis {
  const scale = scaleLinear(domain, inner[place]);
  return { label, scale, ticks: ticks ?? scale.ticks(5), format };
}

/** A logarithmic axis along x, with ticks at 1, 2 and 5 times powers of ten. */
export function logAxis({ domain, label, format = String }: Omit<LinearAxis, "ticks">): Axis {
  const scale = scaleLog(domain, inner.x);
  const [low, high] = domain;
  const all = Array.from({ length: 30 }, (_, i) => i - 12).flatMap((power) =>
    [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
  );
  const within = all.filter((tick) => tick >= low && tick <= high);
  const powers = within.filter((tick) => String(tick).replaceAll(/[0.]/g, "") === "1");
  return { label, scale, ticks: within.length > 7 && powers.length > 1 ? powers : within, format };
}

/** @param marks SVG within the frame; @param free SVG that may leave it */
export function panelSvg(x: Axis, y: Axis, description: string, marks: string, free = ""): string {
  const { width, height, top } = panel;
  const [x0, x1] = inner.x;
  const [y0, y1] = inner.y;
  const id = `clip-${hash(description + marks)}`;
  const grid = y.ticks
    .map((tick) => {
      const at = fixed(y.scale(tick));
      return `<line class="grid" x1="${x0}" x2="${x1}" y1="${at}" y2="${at}"/><text class="tick" x="${x0 - 6}" y="${at}" dy="0.32em" text-anchor="end">${escapeHtml(y.format(tick))}</text>`;
    })
    .join("");
  const columns = x.ticks
    .map((tick) => {
      const at = fixed(x.scale(tick));
      return `<line class="grid" x1="${at}" x2="${at}" y1="${y0}" y2="${y1}"/><text class="tick" x="${at}" y="${y0 + 17}" text-anchor="middle">${escapeHtml(x.format(tick))}</text>`;
    })
    .join("");
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(description)}">`,
    `<clipPath id="${id}"><rect x="${x0}" y="${top - 4}" width="${x1 - x0}" height="${y0 - top + 4}"/></clipPath>`,
    grid,
    columns,
    `<text class="axis" x="${(x0 + x1) / 2}" y="${height - 6}" text-anchor="middle">${escapeHtml(x.label)}</text>`,
    `<text class="axis" x="4" y="12">${escapeHtml(y.label)}</text>`,
    `<g clip-path="url(#${id})">${marks}</g>`,
    free,
    "</svg>",
  ].join("\n");
}

export const fixed = (value: number): string => String(Number(value.toFixed(1)));

/** A line through points that follow each other. */
export const path = (points: readonly (readonly [number, number])[], className: string): string =>
  points.length < 2
    ? ""
    : `<path class="${className}" d="M${points.map(([x, y]) => `${fixed(x)},${fixed(y)}`).join("L")}"/>`;

/**
 * An element with a tooltip that works with and without scripts.
 *
 * @param attributes of the element, escaped
 */
export function withTip(element: "path" | "circle" | "rect", attributes: string, tip: string): string {
  const text = escapeHtml(tip);
  return `<${element} ${attributes} data-tip="${text}"><title>${text}</title></${element}>`;
}

const shapes: readonly ((r: number) => string)[] = [
  (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`,
  (r) => `M${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (r) => `M0,${fixed(-1.3 * r)}L${fixed(1.25 * r)},${r}H${fixed(-1.25 * r)}z`,
  (r) => `M0,${fixed(-1.4 * r)}L${fixed(1.4 * r)},0L0,${fixed(1.4 * r)}L${fixed(-1.4 * r)},0z`,
  (r) => `M0,${fixed(1.3 * r)}L${fixed(1.25 * r)},${-r}H${fixed(-1.25 * r)}z`,
];

/** The shape of a series, which distinguishes it without colors, with a tooltip. */
export const marker = (
  series: number,
  [x, y]: readonly [number, number],
  tip: string,
  { radius = 3.6, hollow = false } = {},
): string =>
  withTip(
    "path",
    `class="mark c${series}${hollow ? " hollow" : ""}" transform="translate(${fixed(x)},${fixed(y)})" d="${shapes[series % shapes.length]!(radius)}"`,
    tip,
  );

/** The mark of a series in a legend. */
export const legendMark = (series: number): string =>
  `<svg class="key" viewBox="-6 -6 12 12" aria-hidden="true"><path class="mark c${series}" d="${shapes[series % shapes.length]!(4)}"/></svg>`;

/** A short name that differs for different contents, because clip paths of a page share one namespace. */
function hash(text: string): string {
  let value = 5381;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 33) ^ text.charCodeAt(i)) >>> 0;
  return value.toString(36);
}
