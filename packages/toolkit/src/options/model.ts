/** @file Options that say which model, and how to read it. */

import { choice, integer, text } from "./definition.js";
import { architectureNames } from "./facts.js";

export const modelOptions = {
  model: text({
    group: "Model",
    help: "model file, recognised by its content: .onnx, .sbq, PyTorch checkpoint, safetensors",
    placeholder: "file",
    example: "model.onnx",
  }),
  compare: text({
    group: "Model",
    help: "the float network that a .sbq was made from: which layers lost what, and why",
    placeholder: "float",
    example: "model.onnx",
  }),
  arch: choice(architectureNames, {
    group: "Model",
    help: "built-in architecture, where the file holds weights only",
    placeholder: "name",
    example: "resnet20",
  }),
  classes: integer({
    group: "Model",
    help: "number of classes of the architecture",
    min: 2,
    advanced: true,
    placeholder: "n",
  }),
  stem: choice(["imagenet", "cifar"], {
    group: "Model",
    help: "first layers of a ResNet",
    advanced: true,
    placeholder: "stem",
  }),
  output: text({
    group: "Model",
    help: "output of an ONNX file to classify by, where it has several",
    advanced: true,
    placeholder: "name",
  }),
  explain: text({
    group: "Model",
    help: "what a pass of the ONNX import did to each node it matched, and why it left others alone",
    advanced: true,
    placeholder: "pass",
    example: "fold-batch-norm",
  }),
  from: text({
    group: "Model",
    help: "begin with these weights; a head of another size is new",
    placeholder: "file",
    example: "resnet18.pth",
  }),
} as const;
