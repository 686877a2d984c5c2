/** @file The options that each task reads, those that it needs, and their defaults. */

import type { OptionFacts } from "./definition.js";
import { imageOptions } from "./images.js";
import { bitWidthOptions, budgetOptions, methodOptions } from "./quantization.js";
import { servingOptions } from "./serving.js";
import type { OptionName, OptionValue } from "./table.js";
import { qatOptions, trainingOptions } from "./training.js";

/** The options that a task reads and needs, and the facts that differ from other tasks. */
export interface TaskDefinition {
  /** A description of one sentence. */
  readonly description: string;
  readonly reads: readonly OptionName[];
  /** Options without which the task cannot begin; those that are positional on a command line come first. */
  readonly needs: readonly OptionName[];
  /** The number of `needs` that are positional on a command line. */
  readonly arguments: number;
  /** An option that may follow these as a further positional argument. */
  readonly optional?: OptionName;
  /** Facts about options that differ from those of other tasks. */
  readonly own: { readonly [Name in OptionName]?: Partial<OptionFacts<OptionValue<Name>>> };
}

const names = <Name extends string>(table: Readonly<Record<Name, unknown>>) =>
  Object.keys(table) as readonly string[] as readonly Name[];

/** Options that say which network gets the weights of a file. */
const network = ["arch", "classes", "stem", "size"] as const;
/** Options that say how a model file is read. */
const modelFile = [...network, "output"] as const;
/** Options that match images and their classes to a model. */
const matching = ["fit", "channelOrder", "labelsMap"] as const;
const trainingImages = names(imageOptions).filter(
  (name) => name !== "size" && !(matching as readonly string[]).includes(name),
) as readonly Exclude<keyof typeof imageOptions, "size" | (typeof matching)[number]>[];
const images = [...trainingImages, ...matching] as const;
const bitWidths = names(bitWidthOptions);
const training = names(trainingOptions);
/** Options of methods, without those that only check the result. */
const method = names(methodOptions).filter((name) => name !== "maxDrop" && name !== "force") as readonly Exclude<
  keyof typeof methodOptions,
  "maxDrop" | "force"
>[];

/** Options of tasks that make a network. */
const making = ["out", "seed", "threads", "device"] as const;
/** Options that say how a network computes its answers. */
const answering = ["simulate", "tier", "disableQuantQdq"] as const;

const folder = (value: string, help: string) => ({ default: value, placeholder: "folder", help }) as const;
const file = (help: string) => ({ placeholder: "file", help }) as const;

/** Options that every task of a study reads. */
const study = ["study", "files", "imports", "out"] as const;
const ofStudy = {
  needs: ["study"],
  arguments: 1,
  own: { out: { placeholder: "folder", help: "folder of the study; studies/NAME by default" } },
} as const;

/** All tasks by name. */
export const tasks = {
  quickstart: {
    description: "Trains a small ResNet on built-in digits (MNIST), quantizes it to 8…2 bits, and writes a report.",
    reads: ["out", "seed", "threads"],
    needs: [],
    arguments: 0,
    own: { out: folder("quickstart", "folder for report.html and the models") },
  },
  download: {
    description: "Downloads a data set and verifies its checksum. An interrupted download continues.",
    reads: ["name", "out", "url"],
    needs: ["name"],
    arguments: 1,
    own: { out: folder("data", "folder for the archive") },
  },
  train: {
    description: "Trains a float network of a built-in architecture.",
    reads: [...network, ...trainingImages, ...training, "from", "batch", ...making],
    needs: ["arch", "data"],
    arguments: 0,
    own: {
      arch: { help: "built-in architecture" },
      epochs: { default: 30 },
      lr: { default: 0.05 },
      schedule: { default: "one-cycle" },
      optimizer: { default: "sgd" },
      out: folder("runs/train", "folder for checkpoints, weights and log"),
    },
  },
  qat: {
    description:
      "Trains a network with quantized weights and activations. It starts from a float network or from a .sbq.",
    reads: [
      "model",
      ...modelFile,
      ...images,
      ...bitWidths,
      ...method,
      ...training,
      ...names(qatOptions),
      "bits",
      "batch",
      ...making,
    ],
    needs: ["model", "data"],
    arguments: 1,
    own: {
      bits: {
        group: "Bit widths",
        help: "decreasing bit widths; each is trained from the one before, and gives a .sbq",
        example: "8,7,6,5,4,3,2",
      },
      schedule: { default: "cosine" },
      optimizer: { default: "sgd" },
      epochs: { help: "passes over the training images; by default chosen by bit width and number of images" },
      lr: { help: "largest learning rate; by default chosen by bit width, optimizer and number of images" },
      out: folder("runs/qat", "folder for checkpoints, weights, log and report.html"),
    },
  },
  quantize: {
    description:
      "Quantizes a float network (.onnx, checkpoint) to an integer network (.sbq). It needs images, but no labels.",
    reads: [
      "model",
      ...modelFile,
      ...images,
      ...bitWidths,
      ...names(budgetOptions),
      ...names(methodOptions),
      ...making,
    ],
    needs: ["model", "data"],
    arguments: 1,
    own: {
      data: {
        help: `"mnist", a folder of photographs or class folders, CIFAR-10's files, a .tgz of these, or "none"`,
      },
      out: file("path of the .sbq; by default in this folder, named after the model and its bit widths"),
    },
  },
  evaluate: {
    description:
      "Measures the accuracy of a model on the test images, or on the validation images if there are no test images.",
    reads: ["model", ...modelFile, ...images, ...answering, "predictions", "batch", "threads", "device"],
    needs: ["model", "data"],
    arguments: 1,
    own: {},
  },
  classify: {
    description:
      "Names the likeliest classes of photographs of any size. The model can be a .sbq, an .onnx file or a checkpoint.",
    reads: [
      "model",
      "images",
      ...modelFile,
      "resizeTo",
      "mean",
      "std",
      ...matching,
      "skipBadImages",
      "top",
      "tier",
      "threads",
    ],
    needs: ["model", "images"],
    arguments: 2,
    own: {
      labelsMap: { help: "file with the names of the model's classes (docs/labels.md)" },
      threads: { help: "number of threads; by default 1 for a .sbq, all cores for other files" },
    },
  },
  export: {
    description:
      "Converts a model: a .sbq to quantized ONNX or int8 .tflite, a float network to .tflite, quantized ONNX to .sbq.",
    reads: ["model", ...modelFile, "mean", "std", "resizeTo", "format", "reduceRange", "out"],
    needs: ["model"],
    arguments: 1,
    own: {
      reduceRange: {
        help: "limit weights to 7 bits, because CPUs without VNNI saturate sums of 8-bit products",
        group: "Output",
      },
      out: file("the file to write; by default named after the model, in this folder"),
    },
  },
  inspect: {
    description: "Prints the operators, shapes, bit widths and sizes of a model.",
    reads: ["model", ...modelFile, "explain", "policyTemplate"],
    needs: ["model"],
    arguments: 1,
    own: {},
  },
  compare: {
    description: "Compares a .sbq with its float network, layer by layer: how much each layer lost, and why.",
    reads: ["model", "compare", ...modelFile, ...images, "eachLayer", "policyTemplate", "report", "seed", "threads"],
    needs: ["model", "compare", "data"],
    arguments: 1,
    own: {},
  },
  bench: {
    description:
      "Measures the speed of a model file, of the engine against other runtimes (with random weights), or of training.",
    reads: [
      "model",
      "against",
      "engine",
      "training",
      "networks",
      "bits",
      "tier",
      "only",
      "turns",
      "browser",
      "browserFlag",
      "profile",
      "batch",
      "seed",
      "threads",
    ],
    needs: [],
    arguments: 0,
    optional: "model",
    own: {
      model: { help: "model file to time: a .sbq on the engine, other files on ONNX Runtime" },
      bits: { default: [4, 8, 2], help: "bit widths of weights and activations; only 4 by default for training" },
      tier: { help: "instruction set of the engine; auto measures all that this machine has" },
      batch: { help: "images per training step; by default chosen by network" },
      threads: {
        help: "threads per runtime: by default 1, all cores for training; for a model file first 1, then all cores",
      },
    },
  },
  serve: {
    description: "Serves the models of a folder over HTTP and gRPC, with a web page to try them.",
    reads: names(servingOptions),
    needs: ["models"],
    arguments: 1,
    own: {},
  },
  "study plan": {
    description: "Lists the runs of a study: networks × data sets × methods × bit widths × seeds.",
    reads: [...study, "replan"],
    ...ofStudy,
  },
  "study run": {
    description: "Runs everything in a study that is not finished yet.",
    reads: [...study, "replan", "index", "requireNeeds", "jobs"],
    ...ofStudy,
  },
  "study status": {
    description: "Shows which runs of a study are done, running, failed and waiting.",
    reads: [...study, "watch"],
    ...ofStudy,
  },
  "study submit": {
    description: "Writes the unfinished runs of a study as jobs for Slurm or Kubernetes, and can submit them.",
    reads: [
      ...study,
      "replan",
      "on",
      "apply",
      "parallel",
      "retries",
      "packMinutes",
      "memory",
      "minutes",
      "program",
      "image",
      "volume",
      "namespace",
      "serviceAccount",
    ],
    needs: ["study", "on"],
    arguments: 1,
    own: ofStudy.own,
  },
  "study merge": {
    description: "Collects the results of a study in one file, and lists missing runs.",
    reads: [...study, "afterJobs"],
    ...ofStudy,
  },
  "study report": {
    description: "Writes an HTML report of one or more studies, with JSON and CSV files beside it.",
    reads: [...study, "with", "report"],
    needs: ["study"],
    arguments: 1,
    own: {
      ...ofStudy.own,
      study: { help: "a study, its folder, or a file from study merge" },
      report: { help: "path of the HTML file; by default report.html in the study's folder" },
    },
  },
} as const satisfies Readonly<Record<string, TaskDefinition>>;

/** The name of a task. */
export type TaskName = keyof typeof tasks;
/** The names of all tasks. */
export const taskNames = Object.keys(tasks) as readonly TaskName[];
