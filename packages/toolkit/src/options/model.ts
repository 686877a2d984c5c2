/** @file Options that choose a model and say how to read it. */

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
    help: "float network that the .sbq was made from; shows how much each layer lost, and why",
    placeholder: "float",
    example: "model.onnx",
  }),
  arch: choice(architectureNames, {
    group: "Model",
    help: "built-in architecture, for a file with weights only",
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
    help: "output with the classes, for an ONNX file with several outputs",
    advanced: true,
    placeholder: "name",
  }),
  explain: text({
    group: "Model",
    help: "show what a pass of the ONNX import changed, and why it did not change other nodes",
    advanced: true,
    placeholder: "pass",
    example: "fold-batch-norm",
  }),
  from: text({
    group: "Model",
    help: "start from these weights; a last layer of another size is initialized anew",
    placeholder: "file",
    example: "resnet18.pth",
  }),
} as const;
