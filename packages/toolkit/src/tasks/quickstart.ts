/**
 * @file The task `quickstart` shows the whole way on built-in data, with the tasks that users call. It trains a small residual
 * network on MNIST and quantizes it: at every bit width with measured ranges only, at 3 and 2 bits by reconstruction, and at 4
 * and 2 bits by training. Each network is evaluated on the integer engine.
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defined } from "../defined.js";
import { writeFileAtomic } from "../files.js";
import { quickstartReport } from "../report/quickstart-report.js";
import type { QuickstartResult, QuickstartRow } from "../report/quickstart-result.js";
import { evaluateModel } from "./evaluate.js";
import { inspectModel } from "./inspect.js";
import { machine } from "./machine.js";
import { trainQuantizedModel } from "./qat.js";
import { quantizeModel } from "./quantize.js";
import { type QuickstartModel, writeQuickstartModels } from "./quickstart-models.js";
import { defineTask, type Run } from "./run.js";
import { trainModel } from "./train.js";

/** Result of the task `quickstart`. */
export interface QuickstartTaskResult extends QuickstartResult {
  /** The HTML page. */
  readonly report: string;
  /** The folder of networks at 32, 8, 4 and 2 bits. */
  readonly models: string;
  readonly machine: Readonly<Record<string, string>>;
}

const ARCHITECTURE = "resnet8";
const TRAINING = { arch: ARCHITECTURE, epochs: 6, lr: 0.1, nesterov: true } as const;
const CALIBRATION = { calibrationImages: 512, method: "mse", force: true } as const;
/** Few steps, which take seconds. Digits must not be mirrored. */
const RECONSTRUCTION = { method: "reconstruct", iterations: 500, endToEnd: 200, mirror: false } as const;
const QUANTIZATION_AWARE = { calibrationImages: 512, method: "mse", epochs: 5 } as const;

const BITS = [8, 7, 6, 5, 4, 3, 2];
const RECONSTRUCTED_BITS = [3, 2];
const TRAINED_BITS = [4, 2];
/** Bit widths whose most accurate files are kept. */
const KEPT_BITS = [8, 4, 2];

/** The task `quickstart`: trains a small network on built-in digits, quantizes it in several ways, and writes a report. */
export const quickstart = defineTask("quickstart", async (options, run): Promise<QuickstartTaskResult> => {
  const work = await mkdtemp(join(tmpdir(), "subbyte-quickstart-"));
  try {
    return await new Quickstart(options, run, work).measure();
  } finally {
    await rm(work, { recursive: true, force: true });
  }
});

class Quickstart {
  readonly #common: { readonly data: "mnist"; readonly threads?: number };
  readonly #made: QuickstartModel[] = [];

  constructor(
    readonly options: { readonly seed: number; readonly threads?: number; readonly out: string },
    readonly run: Run,
    readonly work: string,
  ) {
    this.#common = { data: "mnist", ...defined({ threads: options.threads }) };
  }

  async measure(): Promise<QuickstartTaskResult> {
    const begun = performance.now();
    const { run, work } = this;
    const { seed, out } = this.options;
    const common = { ...this.#common, seed };
    const trained = await trainModel({ ...common, ...TRAINING, out: join(work, "float") }, run.within("float"));
    const model = trained.weights;
    const float = await evaluateModel({ ...this.#common, model }, run.within("float"));
    const inspection = await inspectModel({ model });
    if (inspection.kind !== "float")
      throw new Error(`internal: ${model}: expected the float network that was just trained`);
    const { parameters, multiplyAdds } = inspection;

    for (const bits of BITS) {
      const sbq = join(work, `ranges-${bits}.sbq`);
      const widths = { weights: bits, activations: bits };
      await quantizeModel({ ...common, ...CALIBRATION, ...widths, model, out: sbq }, run.within(`${bits} bits`));
      await this.#measure(sbq, bits, "ranges", parameters);
    }
    for (const bits of RECONSTRUCTED_BITS) {
      const sbq = join(work, `reconstruction-${bits}.sbq`);
      const how = { ...CALIBRATION, ...RECONSTRUCTION, weights: bits, activations: bits };
      await quantizeModel({ ...common, ...how, model, out: sbq }, run.within(`${bits} bits`));
      await this.#measure(sbq, bits, "reconstruction", parameters);
    }
    const how = { ...QUANTIZATION_AWARE, bits: TRAINED_BITS, out: join(work, "trained") };
    const { stages } = await trainQuantizedModel({ ...common, ...how, model }, run.within("quantization-aware"));
    for (const [i, bits] of TRAINED_BITS.entries())
      await this.#measure(stages[i]!.out, bits, "quantization-aware", parameters);

    const { top1, loss, images, confusion, classes } = float;
    const result: QuickstartResult = {
      architecture: ARCHITECTURE,
      parameters,
      multiplyAdds,
      seed,
      float: { top1, loss, images, confusion, classes },
      history: trained.history,
      rows: this.#made.map(({ sbq: _, ...row }) => row),
      seconds: (performance.now() - begun) / 1000,
    };
    const best = (bits: number) =>
      this.#made.filter((made) => made.bits === bits).reduce((a, b) => (b.accuracy >= a.accuracy ? b : a));
    const [report, models] = [join(out, "report.html"), join(out, "models")];
    await writeFileAtomic(report, await quickstartReport(result, machine()));
    await writeQuickstartModels(models, { model, accuracy: top1 }, KEPT_BITS.map(best));
    return { ...result, report, models, machine: machine() };
  }

  async #measure(sbq: string, bits: number, method: QuickstartRow["method"], parameters: number): Promise<void> {
    const context = this.run.within(`${bits} bits`);
    const predictions = async (how: { readonly simulate?: "float" }) => {
      const path = join(this.work, "predictions.json");
      const { top1 } = await evaluateModel({ ...this.#common, ...how, model: sbq, predictions: path }, context);
      return { top1, classes: JSON.parse(await readFile(path, "utf8")).predictions as readonly number[] };
    };
    const engine = await predictions({});
    const simulation = await predictions({ simulate: "float" });
    const same = engine.classes.filter((predicted, i) => predicted === simulation.classes[i]).length;
    const bytes = await readFile(sbq);
    this.#made.push({
      sbq: bytes,
      bits,
      method,
      accuracy: engine.top1,
      agreement: same / engine.classes.length,
      fileBytes: bytes.length,
      compression: (4 * parameters) / bytes.length,
    });
  }
}
