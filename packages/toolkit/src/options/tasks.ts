/** @file Which options each task reads, which of them it needs, and what it takes where one is left out. */

import type { OptionFacts } from "./definition.js";
import { imageOptions } from "./images.js";
import { bitWidthOptions, budgetOptions, methodOptions } from "./quantization.js";
import { servingOptions } from "./serving.js";
import type { OptionName, OptionValue } from "./table.js";
import { qatOptions, trainingOptions } from "./training.js";

/** Which options a task reads and needs, and where they differ from other tasks. */
export interface TaskDefinition {
  /** One sentence. */
  readonly description: string;
  readonly reads: readonly OptionName[];
  /** Without which it cannot begin; those given by their place on a command line first. */
  readonly needs: readonly OptionName[];
  /** How many of `needs` a command line gives by their place. */
  readonly arguments: number;
  /** That a command line may give by its place, after those. */
  readonly optional?: OptionName;
  /** What an option is here, where that differs from other tasks. */
  readonly own: { readonly [Name in OptionName]?: Partial<OptionFacts<OptionValue<Name>>> };
}

const names = <Name extends string>(table: Readonly<Record<Name, unknown>>) =>
  Object.keys(table) as readonly string[] as readonly Name[];

/** What the weights of a file are put into. */
const network = ["arch", "classes", "stem", "size"] as const;
/** How a model file is read. */
const modelFile = [...network, "output"] as const;
/** Options that match images and their classes to a model. */
const matching = ["fit", "channelOrder", "labelsMap"] as const;
const trainingImages = names(imageOptions).filter(
  (name) => name !== "size" && !(matching as readonly string[]).includes(name),
) as readonly Exclude<keyof typeof imageOptions, "size" | (typeof matching)[number]>[];
const images = [...trainingImages, ...matching] as const;
const bitWidths = names(bitWidthOptions);
const training = names(trainingOptions);
/** Not those of a look at the result. */
const method = names(methodOptions).filter((name) => name !== "maxDrop" && name !== "force") as readonly Exclude<
  keyof typeof methodOptions,
  "maxDrop" | "force"
>[];

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
    description:
      "Trains a small ResNet on embedded MNIST, quantizes it to 8…2 bits, evaluates every bit width on the integer engine.",
    reads: ["out", "seed", "threads"],
    needs: [],
    arguments: 0,
    own: { out: folder("quickstart", "folder for report.html and the models") },
  },
  download: {
    description: "Fetches a data set with checksum, progress and resumption.",
    reads: ["name", "out", "url"],
    needs: ["name"],
    arguments: 1,
    own: { out: folder("data", "folder for the archive") },
  },
  train: {
    description: "Trains a built-in architecture on images.",
    reads: [...network, ...trainingImages, ...training, "from", "batch", "out", "seed", "threads"],
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
      "Trains with fake-quantized weights and activations, from a float network (calibrated first) or from a .sbq.",
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
      "out",
      "seed",
      "threads",
    ],
    needs: ["model", "data"],
    arguments: 1,
    own: {
      bits: {
        group: "Bit widths",
        help: "falling bit widths, trained one after the other, each from the one before; a .sbq for each",
        example: "8,7,6,5,4,3,2",
      },
      schedule: { default: "cosine" },
      optimizer: { default: "sgd" },
      epochs: { help: "passes over the training images; by bit width and number of images where left out" },
      lr: { help: "largest learning rate; by bit width, optimizer and number of images where left out" },
      out: folder("runs/qat", "folder for checkpoints, weights and log"),
    },
  },
  quantize: {
    description:
      "Turns a float network (.onnx, checkpoint) into an integer network (.sbq) with the help of unlabelled images.",
    reads: [
      "model",
      ...modelFile,
      ...images,
      ...bitWidths,
      ...names(budgetOptions),
      ...names(methodOptions),
      "out",
      "seed",
      "threads",
    ],
    needs: ["model", "data"],
    arguments: 1,
    own: {
      data: { help: '"mnist", a folder of class folders, the binary files of CIFAR-10, a .tgz of these, or "none"' },
      out: file("the .sbq; by default named after the model and its bit widths, in this folder"),
    },
  },
  evaluate: {
    description:
      "Measures accuracy of .onnx, .sbq or a checkpoint on the test images (validation images where there are none).",
    reads: ["model", ...modelFile, ...images, "simulate", "tier", "disableQuantQdq", "predictions", "batch", "threads"],
    needs: ["model", "data"],
    arguments: 1,
    own: {},
  },
  classify: {
    description: "Names the likeliest classes of photographs of any size, by a .sbq, .onnx or checkpoint.",
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
      threads: { help: "threads; for a .sbq 1 by default, for others all cores" },
    },
  },
  export: {
    description:
      "Writes a network for other runtimes: a .sbq as quantized ONNX or int8 .tflite, a float network as .tflite, quantized ONNX as .sbq.",
    reads: ["model", ...modelFile, "mean", "std", "resizeTo", "format", "reduceRange", "out"],
    needs: ["model"],
    arguments: 1,
    own: {
      reduceRange: {
        help: "round weights to 7 bits, which CPUs without VNNI add up without saturation",
        group: "Output",
      },
      out: file("the file to write; by default named after the model, in this folder"),
    },
  },
  inspect: {
    description: "Prints a model: its operators, shapes, bit widths and sizes.",
    reads: ["model", ...modelFile, "explain", "policyTemplate"],
    needs: ["model"],
    arguments: 1,
    own: {},
  },
  compare: {
    description: "Finds the layer that hurts: what each layer of a .sbq lost against its float network, and why.",
    reads: ["model", "compare", ...modelFile, ...images, "eachLayer", "policyTemplate", "report", "seed", "threads"],
    needs: ["model", "compare", "data"],
    arguments: 1,
    own: {},
  },
  bench: {
    description:
      "Measures speed: of a model file, of the engine against other runtimes on networks with random weights, and of training.",
    reads: [
      "model",
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
      model: { help: "file to time: a .sbq on the engine, others on ONNX Runtime" },
      bits: { default: [4, 8, 2], help: "bit widths of weights and activations; for training 4 alone by default" },
      tier: { help: "one instruction set of the engine; auto measures those of this machine" },
      batch: { help: "images of a training step; by network where left out" },
      threads: {
        help: "threads of every contestant, 1 by default; for training all cores, for a file 1 and all cores",
      },
    },
  },
  serve: {
    description: "Serves the models of a folder over HTTP and gRPC, with a page that classifies and compares.",
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
    description: "Does the runs of a study that are not finished yet.",
    reads: [...study, "replan", "index", "requireNeeds", "jobs"],
    ...ofStudy,
  },
  "study status": {
    description: "Shows which runs of a study are done, running, failed and waiting.",
    reads: [...study, "watch"],
    ...ofStudy,
  },
  "study submit": {
    description: "Writes the runs of a study that are left as jobs of Slurm or Kubernetes, and submits them.",
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
    description: "Gathers the results of a study in one file, and names what is missing.",
    reads: [...study, "afterJobs"],
    ...ofStudy,
  },
  "study report": {
    description: "Draws what studies found: one HTML page, with JSON and CSV beside it.",
    reads: [...study, "with", "report"],
    needs: ["study"],
    arguments: 1,
    own: {
      ...ofStudy.own,
      study: { help: "a study, its folder, or a file that study merge wrote" },
      report: { help: "the HTML file; report.html in the study's folder by default, or in this one" },
    },
  },
} as const satisfies Readonly<Record<string, TaskDefinition>>;

/** The name of a task. */
export type TaskName = keyof typeof tasks;
/** The names of all tasks. */
export const taskNames = Object.keys(tasks) as readonly TaskName[];
