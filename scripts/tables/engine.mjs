import { distinct, percent, range, table } from "./format.mjs";

const tiers = { simd: "plain SIMD", relaxed: "relaxed SIMD", fused: "fused products", scalar: "scalar TypeScript" };

/** Results of `subbyte bench --engine`: one row per network, bit width and tier. */
export function engineSpeedTable({ peer, result: { cpu, vectorExtensions, cores, loadBefore, ratios } }) {
  const columns = [
    ["onnxruntime-web int8", "ort-web-int8"],
    ["onnxruntime-web float32", "ort-web-float32"],
    ["onnxruntime-node int8", "ort-node-int8"],
    ["onnxruntime-node float32", "ort-node-float32"],
    ["own W4A4", "own-w4a4", "own-w4a4-simd"],
    ["own, two threads to one", "own-1t"],
  ];
  // The time with two threads is in the row of the same network with one thread.
  const cells = Object.entries(ratios).map(([key, ratio]) => [...key.replace("-2t/", "/").split("/"), ratio]);
  const rows = distinct(cells.map(([row]) => row)).map((row) => {
    const [, network, size, weights, activations, plain] = /^(.+)-(\d+)-w(\d)a(\d)(-simd)?$/.exec(row);
    return [
      `${network}, ${size}², W${weights}A${activations}${plain ? ", plain SIMD" : ""}`,
      ...columns.map(([, ...against]) => {
        const found = cells.find(([own, other]) => own === row && against.includes(other));
        return found === undefined ? "" : `${found[2].toFixed(2)}×`;
      }),
    ];
  });
  const features = [
    ["AVX-512", /^avx512/],
    ["VNNI", /vnni$/],
  ].map(([name, pattern]) => `${vectorExtensions.some((each) => pattern.test(each)) ? "with" : "without"} ${name}`);
  const about = `CPU: ${cpu}, ${features.join(", ")}; load before the bench ${loadBefore.toFixed(1)} on ${cores} cores.`;
  return [
    table(["network", ...columns.map(([title]) => title)], rows),
    peer === undefined ? about : `${about} onnxruntime-node is ${peer.library}.`,
  ].join("\n\n");
}

/** Results of scripts/measure-engine-equality.mjs: one row per bit width and tier. */
export function engineEqualityTable({ result: { runs } }) {
  const wayOf = ({ threads, parallel }) => `${parallel}, ${threads}`;
  const ways = distinct(runs.map(wayOf)).toSorted();
  const rows = distinct(runs.map(({ configuration }) => configuration)).flatMap((configuration) =>
    Object.entries(tiers).flatMap(([tier, name]) => {
      const own = runs.filter((run) => run.configuration === configuration && run.tier === tier);
      if (own.length === 0) return [];
      return [
        [
          configuration,
          name,
          own.reduce((sum, { differing }) => sum + differing, 0),
          distinct(own.map(({ accuracy }) => percent(accuracy))).join(", "),
          ...ways.map((way) => own.find((run) => wayOf(run) === way)?.seconds.toFixed(1) ?? ""),
        ],
      ];
    }),
  );
  const images = distinct(runs.map((run) => run.images.toLocaleString("en"))).join(", ");
  const load = range(runs.map(({ loadBefore }) => loadBefore));
  return [
    table(["bits", "tier", "logits that differ", "accuracy", ...ways], rows),
    `Seconds for ${images} images; load before the runs ${load}.`,
  ].join("\n\n");
}

/** Results of scripts/measure-load.mjs: times of `load` in fresh processes. */
export function loadTable({ result: { loads, turns, loadBefore, against } }) {
  const before = against === undefined ? [] : [`at commit ${against.slice(0, 7)}`];
  return `${table(
    ["network", "tier", "file", "memory", "load, processor time", ...before, "load", "first image after it"],
    loads.map((row) => [
      row.network,
      row.tier,
      `${(row.fileBytes / 1e6).toFixed(1)} MB`,
      `${(row.peakBytes / 1e6).toFixed(1)} MB`,
      `${row.cpuMilliseconds.toFixed(0)} ms`,
      ...before.map(() => `${row.against.cpuMilliseconds.toFixed(0)} ms`),
      `${row.wallMilliseconds.toFixed(0)} ms`,
      `${row.firstImageMilliseconds.toFixed(1)} ms`,
    ]),
  )}

Medians of ${turns} fresh processes; load before ${loadBefore.toFixed(1)}.`;
}

/** Results of scripts/measure-wide-vectors.mjs: processor time of one image without and with 256-bit vectors. */
export function wideVectorsTable({ result: { wide, cpu, turns, loadBefore } }) {
  return [
    table(
      ["network", "without", "with", "faster"],
      wide.map(({ network, milliseconds, wideMilliseconds, ratio }) => [
        network,
        `${milliseconds.toFixed(2)} ms`,
        `${wideMilliseconds.toFixed(2)} ms`,
        `${ratio.toFixed(2)}×`,
      ]),
    ),
    `Processor time of one image, medians of ${turns} turns; ${cpu}; load before ${loadBefore.toFixed(1)}.`,
  ].join("\n\n");
}

/** Results of scripts/measure-engine-arm64.mjs: instructions that one image executes on arm64. */
export function arm64Table({ result: { executed, equality, emulator, node, v8, litert } }) {
  const names = {
    "litert-int8": "LiteRT.js int8",
    "litert-int8-optimized": "LiteRT.js int8, probed in optimized code",
  };
  const millions = (count) => (count / 1e6).toFixed(1);
  const rows = executed.map(({ network, contestant, tier, instructions, sdot }) => {
    const peer = (name) => executed.find((row) => row.network === network && row.contestant === name).instructions;
    const isOwn = contestant.startsWith("own-");
    const own = `Subbyte ${contestant.replace("own-", "").toUpperCase()}, ${tiers[tier]}`;
    const ratio = (name) => (isOwn ? (instructions / peer(name)).toFixed(2) : "");
    const columns = [network, isOwn ? own : names[contestant], millions(instructions), millions(sdot)];
    return [...columns, ...Object.keys(names).map(ratio)];
  });
  const networks = distinct(equality.map(({ network, bits }) => `${network} W${bits}A${bits}`));
  const differing = equality.filter(({ equal }) => !equal).length;
  return [
    table(
      ["network", "runtime", "instructions, millions", "`sdot`, millions", "to LiteRT.js", "to the same, optimized"],
      rows,
    ),
    `${emulator}, Node ${node} (V8 ${v8}), LiteRT.js ${litert}. Logits on arm64 that differ from x64's: ${differing} of ` +
      `${equality.length} runs (${networks.join(", ")}; each in scalar TypeScript and in all tiers).`,
  ].join("\n\n");
}
