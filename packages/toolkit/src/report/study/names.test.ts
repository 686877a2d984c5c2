import { expect, test } from "vitest";
import { caseTitle } from "./names.js";

test.each([
  ["resnet18", "cifar10", "ResNet-18 on CIFAR-10"],
  ["mobilenet-v1-0.25", "imagenette-128", "MobileNet-v1 0.25 on Imagenette at 128 pixels"],
  ["mobilenet_v2", "imagenette", "MobileNet-v2 on Imagenette"],
  ["resnet8", "mnist", "ResNet-8 on MNIST"],
  ["my-net", "photos", "my-net on photos"],
  ["resnet18-slim", "cifar10-small", "resnet18-slim on cifar10-small"],
])("%s and %s", (network, data, title) => {
  expect(caseTitle(network, data)).toBe(title);
});
