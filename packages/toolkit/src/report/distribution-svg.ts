/**
 * @file A small histogram with the range of the grid marked. It is drawn without ECharts, because a page has two per layer, and
 * ECharts writes five times as many bytes.
 */

import type { Distribution } from "../quantization/sensitivity/index.js";

const WIDTH = 380;
const HEIGHT = 160;
const LEFT = 34;
const RIGHT = 10;
const TOP = 8;
/** Vertical position of the axis; ticks of the codes and numbers are below. */
const BASE = 130;
/** Least height, so that a bin with one value is visible. */
const LEAST = 0.6;
/** With more codes, ticks would look like a grey line. */
const MOST_TICKS = 32;

const inside = "#5470c6";
const beyond = "#d9480f";
const muted = "#59636e";

/**
 * A histogram with counts on a logarithmic axis, so that tails are visible; bins beyond the range, which are clipped, have
 * another color.
 */
export function distributionSvg(distribution: Distribution): string {
  const { origin, width, counts, range, codes, min, max } = distribution;
  const [low, high] = range;
  const step = (high - low) / (codes - 1);
  const first = Math.min(origin, low - step / 2);
  const last = Math.max(origin + counts.length * width, high + step / 2);
  const x = (value: number) => round(LEFT + ((value - first) / (last - first)) * (WIDTH - LEFT - RIGHT));
  const top = Math.log10(Math.max(10, ...counts) / LEAST);
  const y = (count: number) => round(BASE - (Math.log10(count / LEAST) / top) * (BASE - TOP));

  const bars = { inside: "", beyond: "" };
  counts.forEach((count, i) => {
    if (count === 0) return;
    // The outermost bins reach beyond their values, and would look clipped if the range ends just past the extreme.
    const centre = (Math.max(min, origin + i * width) + Math.min(max, origin + (i + 1) * width)) / 2;
    const place = centre < low - step / 2 || centre > high + step / 2 ? "beyond" : "inside";
    const [from, to] = [x(origin + i * width), x(origin + (i + 1) * width)];
    bars[place] += `M${from} ${BASE}V${y(count)}H${to}V${BASE}`;
  });
  const tick = (_: unknown, i: number) => `M${x(low + i * step)} ${BASE}v4`;
  const ticks = codes > MOST_TICKS ? "" : Array.from({ length: codes }, tick).join("");
  const decades = decadesTo(Math.max(10, ...counts));
  const numbers = labels([low, high, max, min, 0], x).map(
    ({ value, at }) =>
      `<text x="${at}" y="${BASE + 18}" text-anchor="middle"${range.includes(value) ? ` fill="${inside}" font-weight="600"` : ""}>${shortNumber(value)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="11" fill="${muted}">`,
    `<rect x="${x(low)}" y="${TOP}" width="${round(x(high) - x(low))}" height="${BASE - TOP}" fill="${inside}" fill-opacity=".12"/>`,
    `<path d="${decades.map((decade) => `M${LEFT} ${y(decade)}H${WIDTH - RIGHT}`).join("")}" stroke="#d1d9e0" stroke-width=".5"/>`,
    `<path d="${bars.inside}" fill="${inside}"/><path d="${bars.beyond}" fill="${beyond}"/>`,
    `<path d="M${x(low)} ${TOP}V${BASE}M${x(high)} ${TOP}V${BASE}" stroke="${inside}" stroke-dasharray="3 2"/>`,
    `<path d="M${LEFT} ${BASE}H${WIDTH - RIGHT}${ticks}" stroke="${muted}"/>`,
    `<g text-anchor="end">${decades.map((decade) => `<text x="${LEFT - 4}" y="${y(decade) + 4}">${shortCount(decade)}</text>`).join("")}</g>`,
    `${numbers.join("")}</svg>`,
  ].join("");
}

/** Powers of ten up to `largest`, at most five of them. */
function decadesTo(largest: number): readonly number[] {
  const exponent = Math.floor(Math.log10(largest));
  const stride = Math.ceil((exponent + 1) / 5);
  return Array.from({ length: Math.floor(exponent / stride) + 1 }, (_, i) => 10 ** (i * stride));
}

/** The values that fit next to each other under the axis; earlier ones have precedence. */
function labels(values: readonly number[], x: (value: number) => number): readonly { value: number; at: number }[] {
  const placed: { value: number; at: number; half: number }[] = [];
  for (const value of values) {
    const half = 3.5 * shortNumber(value).length;
    const at = Math.min(WIDTH - half, Math.max(half, x(value)));
    if (placed.every((other) => Math.abs(other.at - at) > other.half + half + 4)) placed.push({ value, at, half });
  }
  return placed;
}

/** Three significant digits, with a true minus sign. */
export const shortNumber = (value: number): string => String(Number(value.toPrecision(3))).replace("-", "−");

const shortCount = (count: number): string =>
  count >= 1e9
    ? `${count / 1e9}G`
    : count >= 1e6
      ? `${count / 1e6}M`
      : count >= 1e3
        ? `${count / 1e3}k`
        : String(count);

/** A tenth of a pixel is enough. */
const round = (pixels: number): number => Math.round(pixels * 10) / 10;
