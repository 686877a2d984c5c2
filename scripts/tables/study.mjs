/**
 * Tables of a study's results, as `subbyte study merge --results` records them: the accuracy of each quantized network by seed,
 * and the difference between two methods that differ in one setting.
 */

import { caseTitle } from "../../packages/toolkit/dist/report/study/names.js";
import { distinct, kilobytes, percent, points, table } from "./format.mjs";

const most = (values) => Math.max(...values);

/**
 * The case with which an ablation is compared: the method with the longest name with which the ablation's name begins, or else
 * the plain bit widths.
 */
function baseOf({ method, bits }, cases) {
  const shorter = cases
    .filter((other) => method.startsWith(`${other.method}-`) && other.bits === bits)
    .toSorted((a, b) => b.method.length - a.method.length);
  const plain = cases.find((other) => other.method === method && bits.startsWith(`${other.bits}-`));
  return shorter[0] ?? plain;
}

export const isStudy = ({ runs, missing }) => Array.isArray(runs) && Array.isArray(missing);

export function studyTables({ runs, missing }) {
  const networks = runs.filter(({ kind, result }) => kind === "quantized" && result.accuracy !== undefined);
  const floats = runs.filter(({ kind }) => kind === "float");
  const seeds = distinct(networks.map(({ seed }) => seed)).toSorted((a, b) => a - b);
  const perSeed = seeds.length === 1 ? ["accuracy"] : ["mean", ...seeds.map((seed) => `seed ${seed}`)];
  const keyOf = ({ network, data, method, bits }) => JSON.stringify([network, data, method, bits]);
  const cases = distinct(networks.map(keyOf)).map((key) => {
    const own = networks.filter((run) => keyOf(run) === key);
    const { network, data, method, bits } = own[0];
    return { network, data, method, bits, own };
  });
  const several = distinct(cases.map(({ network }) => network)).length > 1;
  const named = ({ network, method, bits }) => [...(several ? [network] : []), bits, method].join(" ");
  const accuracyOf = ({ own }, seed) => own.find((run) => run.seed === seed)?.result.accuracy.top1;
  /** Mean of the seeds that have a value, then the value of each seed. */
  const cells = (read, text) => {
    const values = seeds.map(read);
    const known = values.filter((value) => value !== undefined);
    const mean = known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
    const shown = seeds.length === 1 ? values : [mean, ...values];
    return shown.map((value) => (value === undefined ? "" : text(value)));
  };
  const seconds = ({ own }) => most(own.map(({ cpuSeconds }) => cpuSeconds)).toFixed(0);
  const accuracies = table(
    [...(several ? ["network"] : []), "bits", "method", ...perSeed, "CPU-s", "file"],
    cases.map((each) => [
      ...(several ? [each.network] : []),
      each.bits,
      each.method,
      ...cells((seed) => accuracyOf(each, seed), percent),
      seconds(each),
      kilobytes(most(each.own.map(({ result }) => result.model.bytes))),
    ]),
  );
  const compared = cases.flatMap((each) => {
    const base = baseOf(
      each,
      cases.filter(({ network, data }) => network === each.network && data === each.data),
    );
    return base === undefined ? [] : [[each, base]];
  });
  const differences = table(
    ["network", "against", ...perSeed],
    compared.map(([each, base]) => [
      named(each),
      named(base),
      ...cells((seed) => {
        const [own, other] = [accuracyOf(each, seed), accuracyOf(base, seed)];
        return own === undefined || other === undefined ? undefined : own - other;
      }, points),
    ]),
  );
  const float = floats.map(({ network, result }) => `${several ? `${network} ` : ""}${percent(result.accuracy.top1)}`);
  const images = distinct(networks.map(({ result }) => result.accuracy.images.toLocaleString("en"))).join(", ");
  const about =
    `Accuracies are the integer engine's on ${images} test images. The float network reaches ${float.join(", ")}. CPU seconds ` +
    "(from calibration to the end of the evaluation) and size are the largest over the seeds." +
    (missing.length === 0 ? "" : ` ${missing.length} of ${runs.length + missing.length} runs are not finished.`);
  return [
    accuracies,
    about,
    ...(compared.length === 0 ? [] : ["One thing changed, in points against the same seed:", differences]),
  ].join("\n\n");
}

/** Where each run was measured, in the form of a record. */
export const studyOrigins = ({ runs }) =>
  runs.map(({ date, machine, software }) => ({ date, machine, commit: software?.commit }));

/**
 * A short table of a study: per bit width the accuracy of each method, the size of the file, and the time compared with float.
 */
export function studySummary({ runs }) {
  const floats = runs.filter(({ kind, result }) => kind === "float" && result.accuracy !== undefined);
  return floats.map((float) => summaryOf(float, runs)).join("\n\n");
}

function summaryOf(float, runs) {
  const own = runs.filter(({ network, data }) => network === float.network && data === float.data);
  const networks = own.filter(({ kind, result }) => kind === "quantized" && result.accuracy !== undefined);
  const methods = distinct(networks.map(({ method }) => method));
  const times = own.find(({ kind }) => kind === "latency")?.result.latency ?? [];
  const peer = times
    .filter(({ contestant }) => contestant.endsWith("-float32"))
    .toSorted((a, b) => a.milliseconds - b.milliseconds)[0];
  const milliseconds = (time) => (time === undefined ? "" : `${time.milliseconds.toFixed(2)} ms`);
  const floatRow = [
    "float",
    ...methods.map(() => percent(float.result.accuracy.top1)),
    "",
    peer === undefined ? "" : `${milliseconds(peer)} (${peer.contestant.replace(/-float32$/, "")})`,
    "",
  ];
  const rows = distinct(networks.map(({ bits }) => bits)).map((bits) => {
    const same = networks.filter((run) => run.bits === bits);
    const time = times.find((each) => each.bits === bits);
    return [
      bits.toUpperCase(),
      ...methods.map((method) => {
        const found = same.find((run) => run.method === method);
        return found === undefined ? "" : percent(found.result.accuracy.top1);
      }),
      kilobytes(most(same.map(({ result }) => result.model.bytes))),
      milliseconds(time),
      time === undefined || peer === undefined ? "" : `${(peer.milliseconds / time.milliseconds).toFixed(1)}×`,
    ];
  });
  const header = ["bits", ...methods.map((method) => `accuracy, ${method}`), "file", "time", "faster than float"];
  return [`**${caseTitle(float.network, float.data)}**`, table(header, [floatRow, ...rows])].join("\n\n");
}
