import { describe, expect, test } from "vitest";
import { studyResults } from "../../testing/study-results.js";
import { accuracyPanel } from "./accuracy-chart.js";
import { reportData } from "./cases.js";
import { studyCsv } from "./csv.js";
import { findings } from "./findings.js";
import { placedLabels } from "./labels.js";
import { seriesOf } from "./legend.js";
import { studyPage } from "./study-page.js";

const whole = studyResults({
  network: "resnet18",
  data: "cifar10",
  float: 0.87,
  made: [
    ...[8, 7, 6, 4, 2].map((bits) => ({ method: "mse", bits, top1: bits === 2 ? 0.3 : 0.86 })),
    ...[0, 1, 2].map((seed) => ({ method: "reconstruct", bits: 4, seed, top1: 0.866 + 0.001 * seed })),
    { method: "qat", bits: 4, top1: 0.869, epochs: 3 },
    { method: "qat", bits: 2, top1: 0.85, epochs: 3 },
  ],
  latency: { own: { 8: 3, 4: 2, 2: 1.9 }, peer: 9 },
});

const panelOf = (results = whole) => {
  const data = reportData([results]);
  return accuracyPanel(data.cases[0]!, seriesOf(data))!;
};
/** Number of points on each line of a chart. */
const linesOf = (svg: string) =>
  [...svg.matchAll(/<path class="line [^"]*" d="([^"]*)"/g)].map(([, d]) => d!.split("L").length);

describe("the chart of accuracy against bits", () => {
  test("draws no line through what was not measured", () => {
    // mse has 8, 7 and 6, then 4, then 2; the others have no neighbours.
    expect(linesOf(panelOf())).toEqual([3]);
  });

  test("shows what is far below float at its edge, with its value", () => {
    expect(panelOf()).toMatch(/<text class="below [^>]*>30<\/text>/);
    const ticks = [...panelOf().matchAll(/<text class="tick"[^>]*text-anchor="end">([\d.]+)/g)].map(([, text]) =>
      Number(text),
    );
    expect(Math.min(...ticks)).toBeGreaterThan(80);
  });

  test("shows each seed, and an interval that holds the mean", () => {
    expect(panelOf().match(/class="mark c1 hollow"/g)).toHaveLength(3);
    expect(panelOf()).toContain(
      "reconstruct, 4 bits: 86.70 % (86.02 % … 87.35 %), −0.30 points against float, 3 seeds",
    );
  });
});

describe("the findings", () => {
  test("say in words what 4 bits cost, save and gain, from the most thorough method", () => {
    const { summary, cases } = findings(reportData([whole]));
    expect(summary).toBe(
      "4 bits suffice for ResNet-18 on CIFAR-10: accuracy changes by −0.10 points against float (86.90 % of 10,000 test images, qat). " +
        "Without quantization-aware training, accuracy changes by −0.30 points against float (86.70 % of 10,000 test images, reconstruct). " +
        "Files with 4 bits are 8.0 times smaller than float files and 2.0 times smaller than files with 8 bits. " +
        "Measured side by side, 4 bits take 0.67 of the time of 8 bits and are 4.5 times as fast as float in the fastest other runtime.",
    );
    expect(cases[0]!.text).toContain(
      "The predecessor had 13.36 % (post-training) and 22.57 % (quantization-aware) at 4 bits",
    );
  });

  test("name a method by a fixed order, whatever the test images say, and the others beside it", () => {
    const made = [
      { method: "reconstruct", bits: 4, top1: 0.85 },
      { method: "mse", bits: 4, top1: 0.89 },
      { method: "minmax", bits: 4, top1: 0.88 },
    ];
    const texts = [made, made.toReversed()].map((each) => {
      const results = studyResults({ made: each });
      expect(studyPage([results])).toContain("no test image decides");
      return findings(reportData([results])).cases[0]!.text;
    });
    for (const text of texts)
      expect(text).toMatch(/85\.00 % at 4 bits by reconstruct \(−5\.00 points, .*B; mse 89\.00 %, minmax 88\.00 %\)/);
  });

  test("tell cases in which 4 bits suffice from those in which they do not", () => {
    const poor = studyResults({ network: "poor", made: [{ method: "mse", bits: 4, top1: 0.6 }] });
    expect(findings(reportData([whole, poor])).summary).toMatch(
      /^4 bits suffice for ResNet-18 on CIFAR-10: .*, qat\)\..* 4 bits do not suffice for poor on photos, if only ranges are chosen: accuracy changes by −30\.00 points/,
    );
  });

  test("say in which cases 4 bits suffice only after training", () => {
    const good = studyResults({ network: "good", made: [{ method: "mse", bits: 4, top1: 0.899 }] });
    expect(findings(reportData([whole, good])).summary).toMatch(
      /^4 bits suffice for ResNet-18 on CIFAR-10 \(after quantization-aware training\) and good on photos:/,
    );
  });

  test("leave open whether 4 bits suffice where there are too few test images to tell", () => {
    const few = (top1: number) =>
      findings(reportData([studyResults({ images: 200, made: [{ method: "mse", bits: 4, top1 }] })])).summary;
    expect(few(0.9)).toMatch(
      /^Whether 4 bits suffice for net on photos is uncertain: accuracy changes by 0\.00 points .*200 test images, mse\); with so few images, the true change may lie between −\d\.\d\d and \+\d\.\d\d points\./,
    );
    expect(few(0.3)).toMatch(/^With 4 bits, accuracy changes by −60\.00 points/);
  });

  test("do not claim what was not found or not measured", () => {
    const poor = studyResults({ made: [{ method: "minmax", bits: 4, top1: 0.6 }] });
    const { summary } = findings(reportData([poor]));
    expect(summary).toMatch(/^With 4 bits, accuracy changes by −30\.00 points/);
    expect(summary).not.toMatch(/suffice|smaller than files with 8 bits|side by side/);
    expect(findings(reportData([studyResults({ made: [] })])).summary).toBe("");
    const eight = studyResults({ made: [{ method: "mse", bits: 8, top1: 0.89 }] });
    expect(findings(reportData([eight])).summary).toBe(
      "4 bits have not been measured. With the fewest bits that have, accuracy changes by −1.00 points for net on photos at 8 bits.",
    );
  });

  test("say what is missing", () => {
    const missing = [
      {
        index: 9,
        id: "x",
        kind: "quantized",
        network: "net",
        data: "photos",
        seed: 0,
        state: "failed",
        reason: "no disk",
      },
    ] as const;
    const results = studyResults({ made: [{ method: "mse", bits: 4, top1: 0.9 }], missing });
    expect(findings(reportData([results])).summary).toMatch(
      /1 of the 3 planned runs is not finished, and 1 of them failed; these figures leave it out/,
    );
    expect(studyPage([results])).toContain("no disk");
  });
});

describe("the page", () => {
  const html = studyPage([whole]);

  test("holds everything: nothing is fetched", () => {
    expect(html).not.toMatch(/(src|href)="(?!#)/);
    expect(html).not.toMatch(/url\((?!#)|@import/);
  });

  test("has every section, with commands, commit, seeds and hashes of the runs", () => {
    const titles = [...html.matchAll(/<h2>([^<]*)/g)].map(([, title]) => title);
    expect(titles).toEqual([
      "Accuracy against bits",
      "Accuracy against size and latency",
      "Latency and size, measured",
      "Training",
      "Which classes change",
      "Compared with the predecessor",
      "Runs",
    ]);
    for (const part of [
      "subbyte evaluate resnet18-cifar10-qat-w4a4-0.sbq --data &#39;cifar10&#39;",
      "0123456",
      "a".repeat(64),
    ])
      expect(html.replaceAll("'", "&#39;")).toContain(part);
    expect(html).toContain("Effect of different bits");
    expect(html).toContain("Effect of different models");
  });

  test("strikes out figures of the predecessor that measure something else", () => {
    const fifty = studyResults({
      network: "resnet50",
      data: "cifar10",
      arch: "resnet50",
      made: [{ method: "mse", bits: 4, top1: 0.89 }],
    });
    const page = studyPage([fifty]);
    expect(page).toMatch(/<td class="invalid"[^>]*>24\.18 % \(−60\.4\)/);
    expect(page).toMatch(/<td data-value="0\.7934">79\.34 % \(−5\.3\)/);
    expect(page).toContain("stride in another convolution");
  });

  test("escapes names", () => {
    const odd = studyResults({ network: "<b>&", made: [{ method: '"quoted"', bits: 4, top1: 0.9 }] });
    const page = studyPage([odd]);
    expect(page.match(/.{60}<b>&.{20}/g)).toBeNull();
    expect(page).toContain("&lt;b&gt;&amp;");
    expect(page.match(/(aria-label|data-tip)="[^"]*"quoted/g)).toBeNull();
  });
});

describe("several studies in one report", () => {
  const more = studyResults({
    name: "more",
    network: "resnet18",
    data: "cifar10",
    float: 0.87,
    made: [{ method: "kl", bits: 4, top1: 0.8 }],
  });

  test("share a case with the same float network, and keep others apart", () => {
    const { cases } = reportData([whole, more]);
    expect(cases.map(({ methods }) => methods)).toEqual([["mse", "reconstruct", "qat", "kl"]]);
    const other = studyResults({ name: "other", network: "resnet18", data: "cifar10", floatHash: "0", made: [] });
    expect(reportData([whole, other]).cases.map(({ id }) => id)).toEqual(["resnet18-cifar10", "resnet18-cifar10-2"]);
  });

  test("are one CSV with a line for each run", () => {
    const lines = studyCsv([whole, more]).trimEnd().split("\n");
    expect(lines).toHaveLength(1 + whole.runs.length + more.runs.length);
    const columns = lines[0]!.split(",");
    const row = lines.find((line) => line.includes("resnet18-cifar10-kl"))!.split(",");
    const at = (name: string) => row[columns.indexOf(name)];
    expect([at("study"), at("bits"), at("top1"), at("float_top1"), at("milliseconds")]).toEqual([
      "more",
      "w4a4",
      "0.8",
      "0.87",
      "2",
    ]);
  });
});

describe("labels of a chart", () => {
  const marks = [
    [100, 100],
    [104, 101],
    [108, 100],
    [200, 50],
  ] as const;
  const labels = marks.map((at, i) => ({ at, text: `${8 - i}` }));
  const places = [...placedLabels(labels, marks, [44, 360]).matchAll(/x="([\d.]+)" y="([\d.]+)">(\d)</g)].map(
    ([, x, y, text]) => ({ x: Number(x), y: Number(y), text }),
  );

  test("lie on no mark and on no other label; one without room is left out", () => {
    expect(places.length).toBeGreaterThan(1);
    for (const [i, { x, y }] of places.entries()) {
      for (const [markX, markY] of marks)
        expect(x > markX + 2 || x + 6 < markX - 2 || y - 9 > markY + 2 || y < markY - 2).toBe(true);
      for (const other of places.slice(i + 1))
        expect(Math.abs(other.x - x) >= 6 || Math.abs(other.y - y) >= 9).toBe(true);
    }
  });

  test("stay within the chart", () => {
    const right = placedLabels([{ at: [358, 50], text: "onnxruntime-web" }], [[358, 50]], [44, 360]);
    const [, x] = /x="([\d.]+)"/.exec(right)!;
    expect(Number(x) + 6.8 * "onnxruntime-web".length).toBeLessThanOrEqual(360);
  });
});
