/** @file The sections of a study's report, made from its cases; a section with nothing to show is an empty text. */

import type { RunResult } from "../../study/record.js";
import { escapeHtml } from "../page.js";
import { type Case, mainPoints, type ReportData } from "./cases.js";
import { classAccuracies, confusionChange, MAX_PICTURED_CLASSES, matrixSvg } from "./confusion.js";
import type { Findings } from "./findings.js";
import { CHOICE, fastestPeer } from "./findings.js";
import { bitsText, byteSize, milliseconds, percent, points, unbroken } from "./format.js";
import { about, type Cell, details, panels, table } from "./html.js";
import { legend, type Series } from "./legend.js";
import { legendMark } from "./plot.js";
import { latencyPanel, peerName, sizePanel } from "./tradeoff-chart.js";
import { type Curve, trainingPanel } from "./training-chart.js";

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

export function introduction({ studies, cases }: ReportData, found: Findings): string {
  const title = studies.length === 1 ? studies[0]!.title : "What 8 to 2 bits cost";
  return [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="finding">${escapeHtml(unbroken(found.summary))}</p>`,
    `<ul class="cases">\n${found.cases.map((each) => `<li><strong>${escapeHtml(each.title)}.</strong> ${escapeHtml(unbroken(each.text))}</li>`).join("\n")}\n</ul>`,
    ...(cases.some(({ methods }) => methods.length > 1) ? [about(CHOICE)] : []),
    ...studies.map(({ title: name, description }) =>
      studies.length === 1 ? about(description) : about(`${name}. ${description}`),
    ),
  ].join("\n");
}

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
      "The dashed line is the Pareto front on these test images: no other network classifies more of them correctly at the same cost or less. Labels are bit widths.",
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
      "From RGB bytes to logits, one image at a time, one thread; median of turns that all contestants take in one race. Processor time is about the time on an idle machine. Sizes are those of the files.",
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
      const width = (14 * one.milliseconds) / slowest;
      return [
        own ? `Subbyte, ${bitsText(one.bits!)}` : `${peerName(one.contestant)}, float`,
        {
          text: milliseconds(one.milliseconds),
          html: `<span class="figure">${milliseconds(one.milliseconds)}</span><span class="bar${own ? "" : " peer"}" style="width:${width.toFixed(2)}rem"></span>`,
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
      { name: "time of one image", kind: "text" },
      { name: "processor time" },
      { name: "speed relative to fastest float" },
      { name: "file" },
    ],
    rows,
    { sortable: true, caption: conditions(each), label: `${each.title}: latency` },
  );
}

export function trainingSection({ cases }: ReportData): string {
  const byBits = cases.flatMap((each) =>
    each.methods.flatMap((method) => {
      const curves = each.points
        .filter((point) => point.method === method)
        .flatMap(({ bits, runs }): Omit<Curve, "series">[] => {
          const history = runs[0]!.result.history;
          return isCurve(history) ? [{ name: bitsText(bits), history }] : [];
        });
      return curves.length === 0 ? [] : [{ title: `${each.title}, ${method}`, curves: numbered(curves) }];
    }),
  );
  const data = [...new Set(cases.map((each) => each.data))];
  const byModel = data.flatMap((name) => {
    const curves = cases
      .filter((each) => each.data === name)
      .flatMap(({ network, float: { result } }) =>
        isCurve(result.history) ? [{ name: network, history: result.history }] : [],
      );
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

/** Whether there is a curve: more than one epoch. */
const isCurve = (history: RunResult["history"]): history is NonNullable<RunResult["history"]> =>
  (history?.length ?? 0) > 1;

const numbered = (curves: readonly Omit<Curve, "series">[]): readonly Curve[] =>
  curves.map((curve, i) => ({ ...curve, series: i % 9 }));

/** Bit widths for which changes are shown class by class. */
const SHOWN_CHANGES = ["w8a8", "w4a4", "w2a2"];

export function confusionSection({ cases }: ReportData): string {
  const shown = cases.flatMap((each) => {
    const { classes, confusion } = each.float.result.accuracy!;
    return confusion && classes.length <= MAX_PICTURED_CLASSES ? [{ each, classes, confusion }] : [];
  });
  if (shown.length === 0) return "";
  return [
    about(
      "In the changes, blue is better (more correct answers, or fewer of an error) and orange is worse. Figures are means over the seeds.",
    ),
    ...shown.map(({ each, classes, confusion }) => {
      const changed = mainPoints(each).filter(({ bits }) => SHOWN_CHANGES.slice(1).includes(bits));
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
      const classTitle = `Accuracy of each class of ${each.title}`;
      return `<h3>${escapeHtml(each.title)}</h3>\n${panels(figures)}\n${details(classTitle, classTable(each))}`;
    }),
  ].join("\n");
}

function classTable(each: Case): string {
  const { classes, confusion } = each.float.result.accuracy!;
  const float = classAccuracies(confusion!);
  const columns = mainPoints(each).filter(({ bits }) => SHOWN_CHANGES.includes(bits));
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
    { sortable: true, caption: "Accuracy of each class in float, and its change in points" },
  );
}
