/** @file The task `classify`: the likeliest classes of single photographs of any size. */

import { load, type Prediction, rank } from "@subbyte/engine";
import { fitImage } from "../data/decode.js";
import { defined } from "../defined.js";
import type { OpenedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { classesOf, labelsMapOf, namedClasses, probabilitiesOf } from "./classes.js";
import { classifierOf } from "./classifier.js";
import { openTaskModel } from "./model.js";
import { openPhotos, type Photo } from "./photos.js";
import { type Preparation, prepareImages } from "./preprocessing.js";
import { defineTask } from "./run.js";

/** The classes of one image file. */
export interface ClassifiedImage {
  readonly file: string;
  /** The classes, the likeliest first. */
  readonly predictions: readonly Prediction[];
}

/** Result of the task `classify`. */
export interface ClassifyResult {
  readonly model: string;
  readonly classes: number;
  /** Whether classes exclude each other (`"softmax"`), or each is decided independently (`"sigmoid"`). */
  readonly probabilities: "softmax" | "sigmoid";
  readonly preparation: Preparation;
  readonly images: readonly ClassifiedImage[];
}

type Options = TaskOptions<"classify">;

/** The task `classify`: the likeliest classes of image files. */
export const classifyImages = defineTask("classify", async (options, run): Promise<ClassifyResult> => {
  const model = await openTaskModel(options.model, options, run);
  const preparation = prepareImages(model, options, run);
  const names = namedClasses(model, labelsMapOf(options));
  const answerer = await answererOf(model, preparation, options);
  const images: ClassifiedImage[] = [];
  run.phase("classifying");
  try {
    for await (const photo of openPhotos(options.images, options, run)) {
      const predictions = await answerer.predict(photo);
      images.push({ file: photo.file, predictions: predictions.map((each) => named(each, names)) });
      run.progress(images.length, undefined, { unit: "images" });
    }
  } finally {
    await answerer.close();
  }
  return { model: model.path, classes: classesOf(model), probabilities: probabilitiesOf(model), preparation, images };
});

const named = ({ label: stored, ...prediction }: Prediction, names: readonly (string | undefined)[]): Prediction => ({
  ...prediction,
  ...defined({ label: names[prediction.index] ?? stored }),
});

interface Answerer {
  readonly predict: (photo: Photo) => Promise<readonly Prediction[]>;
  close(): Promise<void>;
}

/**
 * The engine does everything for its own files. For a float network, the same resizing and ranking are combined with ONNX
 * Runtime.
 */
async function answererOf(model: OpenedModel, { preprocessing }: Preparation, options: Options): Promise<Answerer> {
  const { top, fit, tier } = options;
  if (model.kind === "quantized") {
    const loaded = await load(model.bytes, { tier, ...defined({ threads: options.threads }) });
    return {
      predict: ({ image }) => loaded.classify(image, { topK: top, fit }),
      close: async () => loaded.dispose(),
    };
  }
  const { mean: _, std: __, resizeTo = 0, ...target } = preprocessing;
  const classifier = await classifierOf(model, preprocessing, { disableQuantQdq: false, ...options });
  return {
    async predict({ image, file }) {
      const images = fitImage(image, { ...target, resizeTo, fit }, file);
      const logits = await classifier.classify({ images, labels: new Int32Array(1), count: 1 });
      return rank(logits, top, { probabilities: model.probabilities });
    },
    close: () => classifier.close(),
  };
}
