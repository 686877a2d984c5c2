/** @file Accuracy over file size or time, one point per bit width. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { percent } from "../format.js";

export interface Point {
  readonly name: string;
  /** Size in bytes or time in milliseconds. */
  readonly x: number;
  /** Top-1 accuracy in [0, 1]. */
  readonly accuracy: number;
  readonly isFloat: boolean;
}

const height = 320;
const margin = { left: 52, right: 24, top: 18, bottom: 32 };
const tickSteps = [1, 2, 5];

/** Those of the numbers 10, 20, 50, 100 … that lie between two values. */
function ticksBetween(least: number, most: number): readonly number[] {
  const ticks: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10)
    for (const step of tickSteps) if (step * power >= least && step * power <= most) ticks.push(step * power);
  return ticks;
}

interface ScatterProps {
  readonly points: readonly Point[];
  /** Label of the x axis. */
  readonly axis: string;
  readonly format: (x: number) => string;
  readonly testSet: string;
  /** Whether lines connect the points, in the order of their bit widths. */
  readonly joined?: boolean;
}

export function Scatter({ points, axis, format, testSet, joined = false }: ScatterProps): JSX.Element {
  // Drawn at its size on the screen, so that text has the size of other text on phones too.
  const figure = useRef<HTMLElement>(null);
  const measured = useSignal(640);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      measured.value = Math.max(280, Math.round(entry!.contentRect.width));
    });
    observer.observe(figure.current!);
    return () => observer.disconnect();
  }, []);
  const width = measured.value;
  const found = points.map(({ x }) => x);
  const [least, most] = [Math.min(...found) / 1.25, Math.max(...found) * 1.25];
  const accuracies = points.map(({ accuracy }) => accuracy);
  const span = Math.max(0.02, Math.max(...accuracies) - Math.min(...accuracies));
  const [low, high] = [Math.min(...accuracies) - 0.25 * span, Math.min(1, Math.max(...accuracies) + 0.18 * span)];
  const across = (x: number) =>
    margin.left + ((width - margin.left - margin.right) * Math.log(x / least)) / Math.log(most / least);
  const y = (share: number) => margin.top + ((height - margin.top - margin.bottom) * (high - share)) / (high - low);
  const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1].find((each) => (high - low) / each <= 6) ?? 0.2;
  const levels: number[] = [];
  for (let level = Math.ceil(low / step) * step; level <= high + 1e-9; level += step) levels.push(level);
  const ordered = [...points].sort((a, b) => a.x - b.x);
  const spoken = ordered.map(({ name, x, accuracy }) => `${name}: ${format(x)}, ${percent(accuracy)}`).join("; ");
  return (
    <figure class="stack" ref={figure}>
      <svg
        class="scatter"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Accuracy over ${axis}. ${spoken}`}
      >
        {levels.map((level) => (
          <g key={level}>
            <line class="grid" x1={margin.left} x2={width - margin.right} y1={y(level)} y2={y(level)} />
            <text x={margin.left - 8} y={y(level)} dy="0.35em" text-anchor="end">
              {percent(level, step < 0.01 ? 1 : 0)}
            </text>
          </g>
        ))}
        {ticksBetween(least, most).map((tick) => (
          <g key={tick}>
            <line class="grid" x1={across(tick)} x2={across(tick)} y1={margin.top} y2={height - margin.bottom} />
            <text x={across(tick)} y={height - margin.bottom + 18} text-anchor="middle">
              {format(tick).replace(/\.0+ /, " ")}
            </text>
          </g>
        ))}
        {joined ? (
          <polyline class="path" points={ordered.map(({ x, accuracy }) => `${across(x)},${y(accuracy)}`).join(" ")} />
        ) : null}
        {ordered.map(({ name, x, accuracy, isFloat }) => (
          <g key={name}>
            <circle class={isFloat ? "point float" : "point"} cx={across(x)} cy={y(accuracy)} r="6" />
            <text
              class="name"
              x={across(x)}
              y={y(accuracy) + 22}
              text-anchor={across(x) > width - 60 ? "end" : "middle"}
            >
              {name}
            </text>
          </g>
        ))}
      </svg>
      <figcaption class="small muted">
        Accuracy on {testSet} over {axis} (logarithmic).
      </figcaption>
    </figure>
  );
}
