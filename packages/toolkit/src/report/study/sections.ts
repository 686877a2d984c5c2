/** @file The sections of a study's report, each from the cases; an empty text where there is nothing to show. */

import { escapeHtml } from "../page.js";
import { accuracyPanel } from "./accuracy-chart.js";
import { bestPoints, type Case, type Point, type ReportData } from "./cases.js";
import { classAccuracies, confusionChange, MAX_PICTURED_CLASSES, matrixSvg } from "./confusion.js";
import type { Findings } from "./findings.js";
import { fastestPeer } from "./findings.js";
import { bitsText, byteSize, milliseconds, percent, points, pointsWithInterval } from "./format.js";
import { type Cell, panels, table } from "./html.js";
import { methodMeaning } from "./methods.js";
import { legendMark } from "./plot.js";
import { latencyPanel, peerName, sizePanel } from "./tradeoff-chart.js";
import { type Curve, trainingPanel } from "./training-chart.js";

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

/** Number of each method's colour and shape, the same in all charts. */
export type Series = ReadonlyMap<string, number>;

export const seriesOf = ({ cases }: ReportData): Series =>
  new Map([...new Set(cases.flatMap(({ methods }) => methods))].map((method, i) => [method, i % 9]));

const about = (text: string): string => `<p class="about">${escapeHtml(text)}</p>`;

export function introduction({ studies }: ReportData, { summary, cases }: Findings): string {
  const title = studies.length === 1 ? studies[0]!.title : "What 8 to 2 bits cost";
  return [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="finding">${escapeHtml(summary)}</p>`,
    `<ul class="cases">\n${cases.map((each) => `<li><strong>${escapeHtml(each.title)}.</strong> ${escapeHtml(each.text)}</li>`).join("\n")}\n</ul>`,
    ...studies.map(({ title: name, description }) =>
      studies.length === 1 ? about(description) : about(`${name}: ${description}`),
    ),
  ].join("\n");
}

const legend = ({ cases }: ReportData, series: Series): string =>
  `<ul class="legend">${[...series]
    .map(([method, number]) => {
      const meaning = methodMeaning(method, cases);
      return `<li>${legendMark(number)}${escapeHtml(method)}${meaning ? ` <span class="muted">${escapeHtml(meaning)}</span>` : ""}</li>`;
    })
    .join("")}</ul>`;

export function accuracySection(data: ReportData, series: Series): string {
  const { cases } = data;
  const figures = cases.map((each) => ({
    svg: accuracyPanel(each, series),
    title: each.title,
    caption: `${each.float.result.accuracy!.images.toLocaleString("en")} test images`,
  }));
  if (figures.every(({ svg }) => svg === undefined)) return "";
  return [
    about(
      "Every accuracy is the integer engine's on all test images. Bars are 95 % intervals (Wilson) for other images of the same kind; small rings are single seeds. " +
        "Values far below float stand at the lower edge, in percent. Lines join neighbouring bit widths only where both were measured.",
    ),
    legend(data, series),
    panels(figures),
    accuracyTable(cases),
  ].join("\n");
}

function accuracyTable(cases: readonly Case[]): string {
  const rows = cases.flatMap((each) =>
    each.points.map((point): readonly (string | Cell)[] => [
      each.title,
      point.method,
      bitsText(point.bits),
      { text: percent(point.accuracy.value), value: point.accuracy.value },
      { text: spread(point), value: spreadOf(point) },
      { text: pointsWithInterval(point.change), value: point.change.value },
      point.agreement === undefined ? "" : { text: percent(point.agreement), value: point.agreement },
      { text: byteSize(point.bytes), value: point.bytes },
    ]),
  );
  return table(
    [
      { name: "case", kind: "text" },
      { name: "method", kind: "text" },
      { name: "bits", kind: "text" },
      { name: "accuracy" },
      { name: "seeds" },
      { name: "against float, points (95 %)" },
      { name: "same answer as float" },
      { name: "file" },
    ],
    rows,
    { sortable: true, caption: "Accuracy, change against float by pairs of images, agreement and file size" },
  );
}

const spreadOf = ({ runs }: Point): number => {
  const all = runs.map(({ result }) => result.accuracy!.top1);
  return Math.max(...all) - Math.min(...all);
};
const spread = (point: Point): string =>
  point.runs.length === 1 ? "1" : `${point.runs.length}, ± ${(50 * spreadOf(point)).toFixed(2)}`;

export function tradeoffSection(data: ReportData, series: Series): string {
  const { cases } = data;
  const sizes = cases.map((each) => ({ svg: sizePanel(each, series), title: each.title }));
  const times = cases.map((each) => ({
    svg: latencyPanel(each, series),
    title: each.title,
    caption: conditions(each),
  }));
  return [
    about(
      "The dashed line is the Pareto front: nothing else is more accurate at the same cost or less. Labels are bits.",
    ),
    legend(data, series),
    "<h3>File size</h3>",
    panels(sizes),
    ...(times.some(({ svg }) => svg !== undefined) ? ["<h3>Latency</h3>", panels(times)] : []),
  ].join("\n");
}

const conditions = ({ latency }: Case): string =>
  latency === undefined
    ? ""
    : [latency.result.conditions?.browser ?? `Node ${latency.machine.node}`, latency.machine.cpu]
        .filter(Boolean)
        .join(", ");

export function latencySection({ cases }: ReportData): string {
  const measured = cases.filter(({ latency }) => latency?.result.latency);
  if (measured.length === 0) return "";
  return [
    about(
      "From RGB bytes to logits, one image at a time, one thread; median of turns that all contestants take in one race. Processor time is what a quiet machine would show. Sizes are those of the files.",
    ),
    ...measured.map((each) => `<h3>${escapeHtml(each.title)}</h3>\n${latencyTable(each)}`),
  ].join("\n");
}

function latencyTable(each: Case): string {
  const all = each.latency!.result.latency!;
  const slowest = Math.max(...all.map((one) => one.milliseconds));
  const peer = fastestPeer(each);
  const rows = all
    .toSorted((a, b) => a.milliseconds - b.milliseconds)
    .map((one): readonly (string | Cell)[] => {
      const own = one.bits !== undefined;
      const bytes = own
        ? Math.max(...each.points.filter(({ bits }) => bits === one.bits).map((point) => point.bytes))
        : each.float.result.model!.bytes;
      const width = (9 * one.milliseconds) / slowest;
      return [
        own ? `Subbyte, ${bitsText(one.bits!)}` : `${peerName(one.contestant)}, float`,
        {
          text: milliseconds(one.milliseconds),
          html: `<span class="bar${own ? "" : " peer"}" style="width:${width.toFixed(2)}rem"></span> ${milliseconds(one.milliseconds)}`,
          value: one.milliseconds,
        },
        one.cpuMilliseconds === undefined
          ? ""
          : { text: milliseconds(one.cpuMilliseconds), value: one.cpuMilliseconds },
        own && peer ? `${(peer.milliseconds / one.milliseconds).toFixed(1)}×` : "",
        { text: byteSize(bytes), value: bytes },
      ];
    });
  return table(
    [
      { name: "runtime", kind: "text" },
      { name: "time of one image" },
      { name: "processor time" },
      { name: "speed to fastest float" },
      { name: "file" },
    ],
    rows,
    { sortable: true, caption: `${each.title}: ${conditions(each)}` },
  );
}

export function trainingSection({ cases }: ReportData): string {
  const byBits = cases.flatMap((each) =>
    each.methods.flatMap((method) => {
      const curves = each.points
        .filter((point) => point.method === method)
        .flatMap(({ bits, runs }): Omit<Curve, "series">[] => {
          const history = runs[0]!.result.history;
          return history && history.length > 0 ? [{ name: bitsText(bits), history }] : [];
        });
      return curves.length === 0 ? [] : [{ title: `${each.title}, ${method}`, curves: numbered(curves) }];
    }),
  );
  const data = [...new Set(cases.map((each) => each.data))];
  const byModel = data.flatMap((name) => {
    const curves = cases
      .filter((each) => each.data === name && (each.float.result.history?.length ?? 0) > 0)
      .map((each) => ({ name: each.network, history: each.float.result.history! }));
    return curves.length === 0 ? [] : [{ title: `Float networks on ${name}`, curves: numbered(curves) }];
  });
  const drawn = (groups: readonly { readonly title: string; readonly curves: readonly Curve[] }[]) =>
    groups
      .map(
        ({ title, curves }) =>
          `<h4>${escapeHtml(title)}</h4><ul class="legend">${curves.map(({ name, series }) => `<li>${legendMark(series)}${escapeHtml(name)}</li>`).join("")}</ul>` +
          panels([
            { svg: trainingPanel(title, curves, "validationAccuracy"), title: "Accuracy on held-out images" },
            { svg: trainingPanel(title, curves, "trainLoss"), title: "Training loss" },
          ]),
      )
      .join("\n");
  return [
    ...(byBits.length > 0 ? ["<h3>Effect of different bits</h3>", drawn(byBits)] : []),
    ...(byModel.length > 0 ? ["<h3>Effect of different models</h3>", drawn(byModel)] : []),
  ].join("\n");
}

const numbered = (curves: readonly Omit<Curve, "series">[]): readonly Curve[] =>
  curves.map((curve, i) => ({ ...curve, series: i % 9 }));

/** Bit widths whose changes are shown class by class. */
const SHOWN_CHANGES = ["w8a8", "w4a4", "w2a2"];

export function confusionSection({ cases }: ReportData): string {
  const shown = cases.flatMap((each) => {
    const { classes, confusion } = each.float.result.accuracy!;
    return confusion && classes.length <= MAX_PICTURED_CLASSES ? [{ each, classes, confusion }] : [];
  });
  if (shown.length === 0) return "";
  return [
    about(
      "In the changes blue is better and orange worse: more right answers or fewer of an error, or the reverse. Means over the seeds.",
    ),
    ...shown.map(({ each, classes, confusion }) => {
      const changed = bestPoints(each).filter(({ bits }) => SHOWN_CHANGES.slice(1).includes(bits));
      const figures = [
        {
          svg: matrixSvg(confusion, classes, "counts", `Confusion matrix of the float ${each.title}.`),
          title: "Float",
        },
        ...changed.map((point) => {
          const change = confusionChange(each, point);
          const title = `Change with ${bitsText(point.bits)}, ${point.method}`;
          return { svg: change && matrixSvg(change, classes, "change", `${title}, ${each.title}.`), title };
        }),
      ];
      return `<h3>${escapeHtml(each.title)}</h3>\n${panels(figures)}\n${classTable(each)}`;
    }),
  ].join("\n");
}

function classTable(each: Case): string {
  const { classes, confusion } = each.float.result.accuracy!;
  const float = classAccuracies(confusion!);
  const columns = bestPoints(each).filter(({ bits }) => SHOWN_CHANGES.includes(bits));
  const changes = columns.map((point) => {
    const all = point.runs.flatMap(({ result }) =>
      result.accuracy!.confusion ? [classAccuracies(result.accuracy!.confusion)] : [],
    );
    return classes.map((_, i) => all.reduce((sum, one) => sum + one[i]!, 0) / all.length - float[i]!);
  });
  const most = Math.max(0.005, ...changes.flat().map(Math.abs));
  return table(
    [
      { name: "class", kind: "text" },
      { name: "float" },
      ...columns.map(({ bits, method }) => ({ name: `${bitsText(bits)}, ${method}` })),
    ],
    classes.map((name, i) => [
      name,
      { text: percent(float[i]!, 1), value: float[i]! },
      ...changes.map((column): Cell => {
        const value = column[i]!;
        return {
          text: points(value, 1),
          value,
          className: "tint",
          style: `--k: var(--${value < 0 ? "bad" : "good"}); --s: ${Math.round((45 * Math.abs(value)) / most)}%`,
        };
      }),
    ]),
    { sortable: true, caption: `${each.title}: accuracy of each class in float, and its change in points` },
  );
}
