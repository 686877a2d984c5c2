import { describe, expect, test } from "vitest";
import type { Distribution, LayerSensitivity } from "../quantization/sensitivity/index.js";
import { distributionSvg } from "./distribution-svg.js";
import { sensitivityReport } from "./sensitivity-report.js";

/** Bins of one code on the grid −7 … 7, two of them beyond. */
const weights: Distribution = {
  min: -9.25,
  max: 6.5,
  range: [-7, 7],
  codes: 15,
  origin: -10,
  width: 1,
  counts: [1, 2, 0, 5, 10, 100, 1000, 20000, 300000, 4000000, 300000, 20000, 1000, 100, 10, 3, 1],
  zeros: 0,
};
const input: Distribution = {
  min: 0,
  max: 3,
  range: [0, 255],
  codes: 256,
  origin: 0,
  width: 0.0625,
  counts: new Array<number>(48).fill(1),
  zeros: 48,
};
const layer: LayerSensitivity = {
  layer: '<b>"conv1"',
  op: "Conv",
  position: "first",
  weightBits: 4,
  inputBits: 8,
  signal: 1,
  noise: { weights: 0.01, clipping: 0, rounding: 0, bias: 0 },
  clippedShare: 0,
  clippedWeightShare: 0.0125,
  unusedInputCodes: 252,
  unusedWeightCodes: 1,
  deadInputs: 0,
  deadChannels: 0,
  tinyScales: 0,
  outlierChannel: 0,
  outlierRatio: 1,
  weightPeak: 3,
  weightSpread: 1,
  aloneDb: 20,
  cumulativeDb: 18.25,
  cause: "rounding of weights & more",
  weights,
  input,
};

test("the page is one file with two histograms a layer, escapes names, and loads nothing", async () => {
  const html = await sensitivityReport({
    title: "a.sbq against <float>",
    layers: [layer, { ...layer, layer: "fc" }],
    order: [layer.layer, "fc"],
    made: { images: "40 & more" },
  });
  expect(html.match(/<svg /g)).toHaveLength(2 + 2 * 2);
  expect(html).toContain("<h3>&lt;b&gt;&quot;conv1&quot;</h3>");
  expect(html).toContain("20.0 dB alone: rounding of weights &amp; more");
  expect(html).toContain("4 bits: values −9.25 … 6.5, range −7 … 7, 1.25 % clipped.");
  expect(html).toContain("8 bits: values 0 … 3, range 0 … 255, 0.00 % clipped, 50.00 % zeros.");
  expect(html).not.toMatch(/<b>|<script|<link|src=|url\(http|NaN|Infinity|undefined/);
});

describe("a histogram", () => {
  const texts = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(([, text]) => text);

  test("names the range and the extremes, and counts by powers of ten", () => {
    expect(texts(distributionSvg(weights))).toEqual(["1", "100", "10k", "1M", "−7", "7", "−9.25", "0"]);
  });

  test("draws clipped bins in another colour, and takes little room", () => {
    const svg = distributionSvg(weights);
    const [inside, beyond] = [...svg.matchAll(/<path d="([^"]*)" fill=/g)].map(([, d]) => d!.split("M").length - 1);
    expect({ inside, beyond }).toEqual({ inside: 14, beyond: 2 });
    expect(distributionSvg(input).length).toBeLessThan(3000);
  });

  test("an extreme within half a step of the range is not drawn as clipped, whatever its bin's width", () => {
    const svg = distributionSvg({ ...weights, min: 0, max: 7.4, origin: 0, width: 7, counts: [9, 1] });
    expect(svg).toContain('<path d="" fill="#d9480f"/>');
  });

  test("a layer whose input is always 0 has an axis and no bars", () => {
    const svg = distributionSvg({ ...input, max: 0, width: 0, counts: [], zeros: 9 });
    expect(svg).toContain('<path d="" fill=');
    expect(texts(svg)).toEqual(["1", "10", "0", "255"]);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});
