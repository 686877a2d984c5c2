import { kilobytes, table } from "./format.mjs";

/** Model files timed in turn (`subbyte bench FILE --against FILES`, in Node or a browser). */
export function againstTable({ result: { times, threads, browser } }) {
  const [first] = times;
  const milliseconds = (value) => `${value.toPrecision(3)} ms`;
  const rows = times.map((time) => [
    time.model,
    kilobytes(time.bytes),
    time.tier === undefined ? time.runtime : `engine (${time.tier})`,
    milliseconds(time.milliseconds),
    milliseconds(time.fastestMilliseconds),
    time === first ? "" : `${time.ratio.toFixed(2)}×`,
    time === first ? "" : `${time.cpuRatio.toFixed(2)}×`,
  ]);
  return [
    table(["file", "size", "runtime", "per image", "fastest", "ratio", "in CPU time"], rows),
    `Median of ${first.turns} turns, ${threads === 1 ? "one thread" : `${threads} threads`}${browser === undefined ? "" : `, ${browser}`}. The ratio says how many times as fast \`${first.model}\` is.`,
  ].join("\n\n");
}
