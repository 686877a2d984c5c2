/** @file Codes of `DataError`. */

import type { ErrorCodeTable } from "../error-facts.js";

export const dataErrors = {
  "path-not-found": {
    cause: "There is no such file or folder.",
    remedy: "Check the path.",
    data: ["file"],
  },
  "permission-denied": {
    cause: "The operating system denies access to a file or folder.",
    remedy: "Change the permissions, or choose another path.",
    data: ["file"],
  },
  "not-a-file": {
    cause: "A folder is given where a file is needed, or the reverse.",
    remedy: "Check the path.",
    data: ["file"],
  },
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
    remedy: "Resize the images, or set size or resizeTo.",
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
    remedy: "Check the data, and whether the images are decoded correctly.",
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
    remedy: "Write the file again with the task `train`.",
    data: ["source", "reason"],
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
} as const satisfies ErrorCodeTable;
