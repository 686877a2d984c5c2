import { distinct, kilobytes, percent, points, table } from "./format.mjs";

/**
 * Results of the script that the study "ablations" will replace: one row per configuration, and the change that each ablation
 * makes.
 */
export function quantizationTables({ result: { measurements } }) {
  const seeds = distinct(measurements.map(({ seed }) => seed)).toSorted((a, b) => a - b);
  const perSeed = ["mean", ...seeds.map((seed) => `seed ${seed}`)];
  const rowOf = (name, seed) => measurements.find((row) => row.configuration.name === name && row.seed === seed);
  /** Mean of the seeds that have a value, then the value of each seed; `read` returns undefined if there is none. */
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

/** A short form of `quantizationTables`: means, without ablations and variants of one setting. */
export function quantizationSummary({ result: { measurements } }) {
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
