/** @file The codes of the toolkit's errors, as data: docs/errors.md is generated from these tables. */

import type { EngineErrorCode } from "@subbyte/engine";
import type { ErrorArguments, ErrorData, ErrorEntry, GraphErrorCode } from "@subbyte/graph";
import type { ToolkitErrorFacts } from "./error-facts.js";

type Table = Readonly<Record<string, ErrorEntry<keyof ToolkitErrorFacts>>>;

export const usageErrors = {
  "option-value": {
    cause: "An option has a value outside its range.",
    remedy: "Give a value in the range that the message states.",
    data: ["option", "value", "expected"],
  },
  "option-choice": {
    cause: "An option names something that does not exist, such as an unknown architecture or method.",
    remedy: "Choose one of the values that the message lists.",
    data: ["option", "value", "allowed"],
  },
  "option-missing": {
    cause: "An option is needed and was not given.",
    remedy: "Give the option; the message has an example.",
    data: ["option"],
  },
  "option-unread": {
    cause: "An option was given to a command or task that does not read it.",
    remedy: "Leave it out, or give it to one that the message lists.",
    data: ["option", "task", "allowed"],
  },
  "option-conflict": {
    cause: "Options were given together that exclude each other, or one without the other that it belongs to.",
    remedy: "Leave one out, or add the missing one.",
    data: ["options"],
  },
  "option-mismatch": {
    cause: "An option contradicts what the model or the images say.",
    remedy: "Leave the option out, or use a model or images that fit it.",
    data: ["option", "value", "found"],
  },
  "toolkit-argument": {
    cause: "A function of the toolkit was called with an argument out of range.",
    remedy: "Pass a value in the range that the message states.",
    data: ["argument", "found", "expected"],
  },
  "invalid-policy": {
    cause: "The bit policy is malformed or does not fit the network's layers.",
    remedy: "Correct the entry that the message names.",
    data: ["reason"],
  },
  "invalid-config": {
    cause: "A file of options cannot be read, or has an option that the command does not know.",
    remedy: "Correct the file where the message points.",
    data: ["file", "reason"],
  },
  "budget-too-small": {
    cause: "No choice of bit widths stays within the budget.",
    remedy: "Raise the budget to at least what the message states.",
    data: ["option"],
  },
  "nothing-to-learn": {
    cause: "The network has no parameters to train or no layers to choose bit widths for.",
    remedy: "Use a network with more layers, or leave the option out.",
    data: [],
  },
  "wrong-model-kind": {
    cause: "A float network was given where a quantized one is needed, or the reverse.",
    remedy: "Give a model of the kind that the message states; `subbyte quantize` makes a quantized one.",
    data: ["file", "expected"],
  },
  "models-differ": {
    cause: "Two models cannot be compared, because they have different layers or take different images.",
    remedy: "Compare a quantized network with the float network from which it was made.",
    data: ["found"],
  },
  "not-installed": {
    cause: "An optional package or program that this needs is not installed.",
    remedy: "Install it as the message says.",
    data: ["package"],
  },
  "checkpoint-missing": {
    cause: "There is no checkpoint to resume from.",
    remedy: "Start without resume, or give the folder of the run.",
    data: ["file"],
  },
  "folder-in-use": {
    cause: "The output folder is being written to by another run, or holds the checkpoint of an earlier one.",
    remedy: "Give another folder, or resume or overwrite the earlier run.",
    data: ["file", "reason"],
  },
  "settings-changed": {
    cause: "A run cannot be resumed, because settings differ from those with which it began.",
    remedy: "Resume with the same settings, or start anew without resume.",
    data: ["file", "options"],
  },
} as const satisfies Table;

export const dataErrors = {
  "data-not-found": {
    cause: "There are no images at the path, or nothing at all.",
    remedy: "Give a folder of class folders, an archive of one, or the name of a built-in data set.",
    data: ["source"],
  },
  "no-images": {
    cause: "A folder, an archive or a split of it has no images.",
    remedy: "Give images; the message says where they were looked for.",
    data: ["source"],
  },
  "no-classes": {
    cause: "The images are not in class folders, or there is one class only.",
    remedy: "Put the images of each class into a folder of the class's name.",
    data: ["source"],
  },
  "too-few-images": {
    cause: "Class folders have too few images to be divided into training and evaluation.",
    remedy: "Add images, or remove the class from every split.",
    data: ["source", "classes"],
  },
  "missing-split": {
    cause: "The data set lacks the split that is needed.",
    remedy: "Add the split, or use one that the message lists.",
    data: ["source", "split", "found"],
  },
  "class-mismatch": {
    cause: "The model and the images have different classes.",
    remedy: "Use the data that the model was trained for, or train a model for these classes.",
    data: ["found", "expected"],
  },
  "image-damaged": {
    cause: "An image cannot be decoded.",
    remedy: "Replace or remove it, or leave damaged images out with skipBadImages.",
    data: ["file", "reason"],
  },
  "image-wrong-size": {
    cause: "An image has another size than is needed, and nothing says that it should be resized.",
    remedy: "Bring the images to the size, or set size or resizeTo.",
    data: ["found", "expected"],
  },
  "images-too-large": {
    cause: "The decoded images need more bytes than one buffer can hold.",
    remedy: "Use fewer images (limit) or smaller ones (size).",
    data: ["source", "found"],
  },
  "data-damaged": {
    cause: "An archive or a data set is cut off or damaged.",
    remedy: "Fetch it again.",
    data: ["file", "reason"],
  },
  "file-unreadable": {
    cause: "A file or folder of the data cannot be read.",
    remedy: "Check the permissions and the path.",
    data: ["file", "reason"],
  },
  "checksum-mismatch": {
    cause: "A downloaded file is not the published one.",
    remedy: "Remove it and download again.",
    data: ["file"],
  },
  "calibration-flat": {
    cause: "All calibration images are one plain colour, so that no range can be measured.",
    remedy: "Check the data, and that the images decode to what they show.",
    data: ["images"],
  },
  "weights-format": {
    cause: "The file is neither a PyTorch checkpoint nor a safetensors file, or holds no tensors.",
    remedy: "Save the weights with torch.save(model.state_dict(), path) or as safetensors.",
    data: ["source"],
  },
  "weights-damaged": {
    cause: "A file of weights is cut off or contradicts itself.",
    remedy: "Copy or download it again.",
    data: ["source", "reason"],
  },
  "weights-unsupported": {
    cause:
      "A file of weights has a form that is not supported: TorchScript, big-endian, Python objects, other element types.",
    remedy: "Save the bare state_dict again as the message says.",
    data: ["source", "reason"],
  },
  "weights-mismatch": {
    cause: "The weights belong to another architecture or another number of classes.",
    remedy: "Choose the architecture, stem and classes with which the weights were trained.",
    data: ["source", "network"],
  },
  "damaged-metadata": {
    cause: "A file of weights has a description of its network that is damaged or incomplete.",
    remedy: "Write the file again with `subbyte train`.",
    data: ["source"],
  },
  "wrong-checkpoint": {
    cause: "A checkpoint is damaged or was changed, is of another version, or belongs to another kind of run.",
    remedy: "Start anew without resume.",
    data: ["file", "reason"],
  },
  "checkpoint-mismatch": {
    cause: "The state in a checkpoint does not belong to this network.",
    remedy: "Start anew without resume.",
    data: ["reason"],
  },
} as const satisfies Table;

export const machineErrors = {
  "disk-full": {
    cause: "The disk or the quota is full.",
    remedy: "Free some space, or choose another place; earlier content of the file is intact.",
    data: ["file", "reason"],
  },
  "write-failed": {
    cause: "A file cannot be written.",
    remedy: "Check the permissions and the disk, or choose another place.",
    data: ["file", "reason"],
  },
  "read-failed": {
    cause: "A file cannot be read, although it exists.",
    remedy: "Check the permissions and the disk.",
    data: ["file", "reason"],
  },
  "out-of-memory": {
    cause: "Memory ran out.",
    remedy: "Use a smaller batch, fewer images (limit) or smaller ones (size).",
    data: ["reason"],
  },
  "download-failed": {
    cause: "A file could not be fetched.",
    remedy: "Check the network and try again; what was fetched so far is kept.",
    data: ["source", "reason"],
  },
  "download-refused": {
    cause: "The server refused to give the file.",
    remedy: "Fetch it by hand, or name a mirror.",
    data: ["source", "status"],
  },
  "package-missing": {
    cause: "A package that runs float networks is not installed, or cannot be loaded on this machine.",
    remedy: "Install it with the command that the message gives.",
    data: ["package"],
  },
  "threads-missing": {
    cause: "The engine could not start as many threads as a measurement needs.",
    remedy: "Measure with fewer threads; the message says why.",
    data: ["found", "expected"],
  },
} as const satisfies Table;

export const interruptedErrors = {
  interrupted: {
    cause: "The work was stopped by Ctrl-C or an AbortSignal; it stopped in good order.",
    remedy: "Do what the message says to go on.",
    data: [],
  },
} as const satisfies Table;

export const failedErrors = {
  diverged: {
    cause: "The loss of a training became infinite or NaN.",
    remedy: "Lower the learning rate, warm up for longer, or clip gradients.",
    data: ["network", "epoch"],
  },
  collapsed: {
    cause: "The quantized network does not predict what the float network predicts.",
    remedy: "Check the normalization, raise the bit widths or try another method; force writes the model all the same.",
    data: ["found"],
  },
  "unfair-comparison": {
    cause: "A program to compare with does not compute the same, or not on integers, so that its time says nothing.",
    remedy: "Use another version of the peer, or leave it out.",
    data: ["network", "reason"],
  },
} as const satisfies Table;

export const toolkitErrors = {
  ...usageErrors,
  ...dataErrors,
  ...machineErrors,
  ...interruptedErrors,
  ...failedErrors,
};

export type ToolkitErrorCode = keyof typeof toolkitErrors;

/** The code of any error that our packages throw. */
export type ErrorCode = GraphErrorCode | EngineErrorCode | ToolkitErrorCode;

export type ToolkitErrorData<Code extends ToolkitErrorCode = ToolkitErrorCode> = ErrorData<
  ToolkitErrorFacts,
  typeof toolkitErrors,
  Code
>;

/** The arguments of a constructor: a code of a table, the data that belongs to it, a sentence. */
export type ToolkitErrorArguments<T extends Table> = ErrorArguments<ToolkitErrorFacts, T>;
