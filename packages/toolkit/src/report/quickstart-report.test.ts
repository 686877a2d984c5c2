import { expect, test } from "vitest";
import { quickstartReport } from "./quickstart-report.js";
import type { QuickstartResult } from "./quickstart-result.js";

const result: QuickstartResult = {
  architecture: "resnet8",
  parameters: 19810,
  multiplyAdds: 2360000,
  seed: 0,
  float: {
    top1: 0.98,
    loss: 0.1,
    images: 3,
    confusion: [
      [2, 1],
      [0, 0],
    ],
    classes: ["<zero>", "one"],
  },
  history: [
    { epoch: 1, step: 10, learningRate: 0.1, trainLoss: 1.5, trainAccuracy: 0.4, imagesPerSecond: 100, seconds: 1 },
    { epoch: 2, step: 20, learningRate: 0.01, trainLoss: 0.5, trainAccuracy: 0.9, imagesPerSecond: 100, seconds: 2 },
  ],
  rows: [
    { bits: 8, method: "ranges", accuracy: 0.981, agreement: 1, fileBytes: 26700, compression: 2.96 },
    { bits: 3, method: "reconstruction", accuracy: 0.9745, agreement: 1, fileBytes: 15100, compression: 5.3 },
    { bits: 4, method: "quantization-aware", accuracy: 0.9755, agreement: 0.999, fileBytes: 17400, compression: 4.55 },
  ],
  seconds: 12,
};

test("the report is one file with every figure, and loads nothing", async () => {
  const html = await quickstartReport(result, { cpu: 'A & "B"' });
  expect(html.match(/<svg /g)).toHaveLength(3);
  expect(html).toContain("<td>97.55 %</td><td>−0.45</td><td>99.90 %</td><td>17.4 kB</td><td>4.5×</td>");
  expect(html).toContain("&lt;zero&gt;");
  expect(html).toContain("A &amp; &quot;B&quot;");
  expect(html).not.toMatch(/<script|<link|src=|url\(http/);
});
