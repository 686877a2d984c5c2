import { distinct, table } from "./format.mjs";

/** Results of `subbyte bench --training`: one row per network. */
export function trainingTable({ result: { cpu, pytorch, threads, cores, loadBefore, results, ratios, cpuRatios } }) {
  const widths = distinct(Object.keys(ratios).flatMap((key) => key.match(/(?<=\/)w\d+a\d+(?=\/)/) ?? []));
  const columns = [
    [`PyTorch ${pytorch}, float`, "pytorch"],
    ...widths.flatMap((bits) => [
      [`PyTorch, ${bits.toUpperCase()}`, `${bits}/pytorch`],
      [`own float step, ${bits.toUpperCase()}`, `${bits}/float`],
    ]),
  ];
  const both = (key) => (key in ratios ? `${ratios[key].toFixed(2)}× / ${cpuRatios[key].toFixed(2)}×` : "");
  const rows = distinct(results.map(({ network }) => network)).map((network) => {
    const step = results.find((each) => each.network === network && each.contestant === "float");
    return [
      network,
      step.batchSize,
      `${step.milliseconds.toFixed(0)} ms`,
      ...columns.map(([, against]) => both(`${network}/${against}`)),
    ];
  });
  return [
    table(["network", "batch", "float step", ...columns.map(([title]) => title)], rows),
    `A step of SGD with momentum, from images to updated weights, ${threads} threads. A ratio above 1 means that Subbyte is faster: wall time / processor time. CPU: ${cpu}; load before the bench ${loadBefore.toFixed(1)} on ${cores} cores.`,
  ].join("\n\n");
}
