import { basename, extname } from "node:path";
import { distinct, kilobytes, percent, points, table } from "./format.mjs";

/** Records of `subbyte qat`: one row for the float network, then one per file. */
export function qatTable(records) {
  const models = distinct(records.map(({ result }) => result.model));
  const rows = models.flatMap((model) => {
    const own = records.filter(({ result }) => result.model === model);
    const { float } = own[0].result;
    const name = basename(model, extname(model));
    return [
      [name, "float", "", percent(float.test.top1), "", "", kilobytes(float.bytes)],
      ...own.flatMap(({ options, result: { stages } }) =>
        stages.map(({ bits, bytes, kept, best, epochs, baselineTest, test }) => [
          name,
          bits === undefined ? `W${options.weights}A${options.activations}` : `W${bits}A${bits}`,
          percent(baselineTest.top1),
          percent(test.top1),
          points(test.top1 - float.test.top1),
          kept === "trained" ? `${best} of ${epochs}` : "none was better",
          kilobytes(bytes),
        ]),
      ),
    ];
  });
  const images = distinct(
    records.flatMap(({ result }) => result.stages.map(({ test }) => test.images.toLocaleString("en"))),
  );
  return [
    table(["network", "bits", "before training", "after", "points against float", "epoch", "file"], rows),
    `Accuracy on ${images.join(" or ")} test images, of quantized networks on the integer engine. "Before training" is the network that \`quantize\` makes. The epoch was chosen on held-out training images.`,
  ].join("\n\n");
}
