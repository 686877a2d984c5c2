/**
 * Writes the tables of README.md and docs/*.md anew from results/*.json, between `<!-- results: FILE… -->` and `<!-- /results -->`.
 * `(summary)` after the files asks for a short table. A block whose files are not all there stays as it is. `--check` writes nothing and fails where a table is out of date.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isStudy, studyOrigins, studyTables, table } from "./study-tables.mjs";

const root = join(import.meta.dirname, "..");
const check = process.argv.includes("--check");
const block = /(<!-- results: ([\w. -]+?)( \(summary\))? -->\n)[\s\S]*?(<!-- \/results -->)/g;

const percent = (share) => `${(100 * share).toFixed(2)} %`;
/** Of accuracy. */
const points = (share) => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(2)}`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const range = (values) => {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(1));
  return least === most ? least : `${least}–${most}`;
};
const distinct = (values) => [...new Set(values)];

/** Of `subbyte quickstart`. */
const quickstartTable = ({ result: { float, rows, parameters } }) =>
  table(
    ["bits", "method", "accuracy", "agreement with the simulation", "file", "compression"],
    [
      ["32", "float", percent(float.top1), "", kilobytes(4 * parameters), "1.0×"],
      ...rows.map((row) => [
        row.bits,
        row.method,
        percent(row.accuracy),
        percent(row.agreement),
        kilobytes(row.fileBytes),
        `${row.compression.toFixed(1)}×`,
      ]),
    ],
  );

/** Of `subbyte bench --engine`: a row for each network, bit width and tier. */
function engineSpeedTable({ peer, result: { cpu, vectorExtensions, cores, loadBefore, ratios } }) {
  const columns = [
    ["onnxruntime-web int8", "ort-web-int8"],
    ["onnxruntime-web float32", "ort-web-float32"],
    ["onnxruntime-node int8", "ort-node-int8"],
    ["onnxruntime-node float32", "ort-node-float32"],
    ["own W4A4", "own-w4a4", "own-w4a4-simd"],
    ["own, two threads to one", "own-1t"],
  ];
  // Two threads stand in the row of the same network with one.
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

/** Of scripts/measure-engine-equality.mjs: a row for each bit width and tier. */
function engineEqualityTable({ result: { runs } }) {
  const wayOf = ({ threads, parallel }) => `${parallel}, ${threads}`;
  const tiers = { simd: "plain SIMD", relaxed: "relaxed SIMD", fused: "fused products", scalar: "scalar TypeScript" };
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

/** Of the script that the study "ablations" has taken the place of, until that has been run: a row for each configuration, and for each ablation what it changes. */
function quantizationTables({ result: { measurements } }) {
  const seeds = distinct(measurements.map(({ seed }) => seed)).toSorted((a, b) => a - b);
  const perSeed = ["mean", ...seeds.map((seed) => `seed ${seed}`)];
  const rowOf = (name, seed) => measurements.find((row) => row.configuration.name === name && row.seed === seed);
  /** Mean of the seeds that have a value, then each seed's; `read` gives undefined where there is none. */
  const cells = (read, text) => {
    const values = seeds.map(read);
    const known = values.filter((value) => value !== undefined);
    const mean = known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
    return [mean, ...values].map((value) => (value === undefined ? "" : text(value)));
  };
  const most = (rows, read) => Math.max(...rows.map(read));
  const seconds = (rows) => most(rows, ({ cpuSeconds }) => cpuSeconds).toFixed(0);
  const each = (read) => distinct(measurements.map(read)).join(", ");

  const configurations = distinct(measurements.map(({ configuration }) => configuration.name)).map((name) => {
    const rows = measurements.filter(({ configuration }) => configuration.name === name);
    return { ...rows[0].configuration, rows };
  });
  const ablations = configurations.filter(({ ablates }) => ablates !== undefined);
  const accuracies = table(
    ["configuration", "method", ...perSeed, "CPU-s", "file"],
    configurations
      .filter(({ ablates }) => ablates === undefined)
      .map(({ name, method, rows }) => [
        name,
        method,
        ...cells((seed) => rowOf(name, seed)?.accuracy, percent),
        seconds(rows),
        kilobytes(most(rows, ({ fileBytes }) => fileBytes)),
      ]),
  );
  const about =
    `Accuracies are the integer engine's on ${each(({ images }) => images.toLocaleString("en"))} test images. The float network ` +
    `reaches ${each(({ floatAccuracy }) => percent(floatAccuracy))}. CPU seconds and size are the largest over the seeds.`;
  const averages = configurations.flatMap(({ name, rows }) => {
    const bits = distinct(
      rows.flatMap(({ mixed }) => {
        if (!mixed) return [];
        const [weight, activation] = Object.values(mixed.averageBits).map((value) => value.toFixed(2));
        return [`${weight} bits per weight and ${activation} bits per activation`];
      }),
    );
    return bits.length > 0 ? [`The row "${name}" has ${bits.join("; ")} on average.`] : [];
  });
  const differences = table(
    ["configuration", "against", ...perSeed, "CPU-s"],
    ablations.map(({ name, ablates, rows }) => [
      name,
      ablates,
      ...cells((seed) => {
        const [own, other] = [rowOf(name, seed), rowOf(ablates, seed)];
        return own && other ? own.accuracy - other.accuracy : undefined;
      }, points),
      seconds(rows),
    ]),
  );
  return [
    accuracies,
    [about, ...averages].join(" "),
    ...(ablations.length === 0 ? [] : ["One thing changed, in points against the same seed:", differences]),
  ].join("\n\n");
}

/** The same in short: means, without ablations and variants of one setting. */
function quantizationSummary({ result: { measurements } }) {
  const variants = /images$|^W3A3 short|no mirror/;
  const shown = measurements.filter(
    ({ configuration: { name, ablates } }) => ablates === undefined && !variants.test(name),
  );
  const rows = distinct(shown.map(({ configuration }) => configuration.name)).map((name) => {
    const own = shown.filter(({ configuration }) => configuration.name === name);
    return [
      name.replace(/ ranges$/, ""),
      own[0].configuration.method,
      percent(own.reduce((sum, { accuracy }) => sum + accuracy, 0) / own.length),
      Math.max(...own.map(({ cpuSeconds }) => cpuSeconds)).toFixed(0),
      kilobytes(Math.max(...own.map(({ fileBytes }) => fileBytes))),
    ];
  });
  return table(["bits", "method", "accuracy", "CPU seconds", "file"], rows);
}

/**
 * What a reader asks first: accuracy and size of a float network (`subbyte evaluate`), of what quantization makes of it
 * (its ablations), and how fast that runs (`subbyte bench --engine`).
 */
function overviewTable([{ result: float }, { result: quantized }, { result: speed }]) {
  const shown = ["W8A8 ranges", "W4A8", "W4A4", "W4A4 no data", "W3A3", "W2A2"];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const rows = shown.map((name) => {
    const own = quantized.measurements.filter(({ configuration }) => configuration.name === name);
    const [, weights, activations] = /^W(\d)A(\d)/.exec(name);
    const faster = ["float32", "int8"].map((peer) => {
      const ratio = speed.ratios[`resnet20-32-w${weights}a${activations}/ort-web-${peer}`];
      return ratio === undefined ? "" : `${ratio.toFixed(1)}×`;
    });
    return [
      name,
      percent(mean(own.map(({ accuracy }) => accuracy))),
      kilobytes(Math.max(...own.map(({ fileBytes }) => fileBytes))),
      ...faster,
    ];
  });
  return table(
    ["bits", "accuracy", "file", "speed to onnxruntime-web float32", "to its int8"],
    [["float", percent(float.top1), kilobytes(float.fileBytes), "", ""], ...rows],
  );
}

/** Of the tests that take networks as exporters write them to the engine: a table for each exporter. */
function networkTables({ result: { networks } }) {
  const run = ({ quantized }, bits) => {
    const found = quantized?.find((each) => each.bits === bits);
    return found === undefined
      ? ""
      : found.differing === 0 && found.unproved.length === 0
        ? "the same"
        : `${found.differing} differ`;
  };
  const exporters = distinct(networks.map(({ exporter }) => exporter));
  return exporters
    .map((exporter) => {
      const rows = networks.filter((row) => row.exporter === exporter);
      const cells = rows.map((row) => [
        row.network,
        row.form,
        row.refused ? `refused: ${row.refused.join(", ")}` : row.difference.toExponential(0),
        run(row, 8),
        run(row, 4),
      ]);
      return `### ${exporter}\n\n${table(["network", "form", "float", "8 bits", "4 bits"], cells)}`;
    })
    .join("\n\n");
}

const eachAlone = (render) => (records) => records.map(render).join("\n\n");
const each = (is) => (results) => results.every(is);
/** Kinds of blocks: how to know one by its results, and its tables. */
const kinds = [
  { is: each(({ rows }) => rows), render: eachAlone(quickstartTable) },
  { is: each(({ ratios }) => ratios), render: eachAlone(engineSpeedTable) },
  { is: each(isStudy), render: eachAlone(({ result }) => studyTables(result)) },
  { is: each(({ runs }) => runs), render: eachAlone(engineEqualityTable) },
  {
    is: each(({ measurements }) => measurements),
    render: eachAlone(quantizationTables),
    summary: eachAlone(quantizationSummary),
  },
  { is: each(({ networks }) => networks), render: eachAlone(networkTables) },
  {
    is: ([float, quantized, speed]) => speed && float.top1 && quantized.measurements && speed.ratios,
    render: overviewTable,
  },
];

/** Such as `results/x.json` (2026-11-25, commit 0123abc, AMD EPYC, 2 cores). */
function source(file, origins) {
  const of = (text) => distinct(origins.map(text)).join(" and ");
  const days = origins.map(({ date }) => date.slice(0, 10)).toSorted();
  const commits = of(({ commit }) => commit?.hash.slice(0, 7) ?? "unknown");
  const machines = of(({ machine: { cpu, cores } }) => (cores === undefined ? cpu : `${cpu}, ${cores} cores`));
  return `\`results/${file}\` (${distinct([days[0], days.at(-1)]).join(" to ")}, commit ${commits}, ${machines})`;
}

function render(files, isShort) {
  const records = files.map((file) => JSON.parse(readFileSync(join(root, "results", file), "utf8")));
  const kind = kinds.find(({ is }) => is(records.map(({ result }) => result)));
  if (kind === undefined)
    throw new Error(`there is no table for ${files.join(" with ")}; add a kind to ${import.meta.filename}`);
  // Rows that were measured one by one say so themselves.
  const sources = records.map((record, i) =>
    source(
      files[i],
      isStudy(record.result)
        ? studyOrigins(record.result)
        : (record.result.measurements ?? record.result.runs ?? record.result.networks ?? [record]),
    ),
  );
  return `${(isShort ? kind.summary : kind.render)(records)}\n\nFrom ${sources.join(", ")}.\n`;
}

const documents = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const stale = [];
for (const name of documents) {
  const path = join(root, name);
  const before = readFileSync(path, "utf8");
  const after = before.replaceAll(block, (whole, open, names, short, close) => {
    const files = names.trim().split(/ +/);
    return files.every((file) => existsSync(join(root, "results", file)))
      ? `${open}${render(files, short !== undefined)}${close}`
      : whole;
  });
  if (after === before) continue;
  stale.push(name);
  if (!check) writeFileSync(path, after);
}
if (check && stale.length > 0) {
  console.error(`tables out of date in ${stale.join(", ")}: npm run docs:tables`);
  process.exitCode = 1;
} else console.log(stale.length === 0 ? "tables are up to date" : `written: ${stale.join(", ")}`);
