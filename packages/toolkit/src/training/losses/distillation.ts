/**
 * @file Distillation: the network learns the class probabilities of a teacher, whose logits are the target.
 *
 *   T²·KL(softmax(teacher/T) ‖ softmax(output/T)), mean over images
 *
 * Source: Hinton et al. 2015, arXiv:1503.02531, §2 (the temperature; its square keeps the size of the gradient).
 */

import { requireNumber } from "../../require-number.js";
import type { Loss } from "./definition.js";

/**
 * Kullback–Leibler divergence of the softened distributions times T²: 0 if the network answers as its teacher does.
 *
 * @throws {UsageError} if the temperature is not above 0
 */
export function distillationLoss(temperature: number): Loss {
  requireNumber("temperature", temperature, "a number above 0");
  return {
    description: `distillation(temperature=${temperature})`,
    append: ({ g, output, shape: [batch], target }) => {
      const softened = (logits: string) => g.op("Mul", [logits, g.scalar(1 / temperature)]);
      const teacher = softened(target());
      const probabilities = g.op("Softmax", [teacher], { axis: 1 });
      const [expected, found] = [teacher, softened(output)].map((logits) => g.op("LogSoftmax", [logits], { axis: 1 }));
      const difference = g.op("Sub", [expected!, found!]);
      const sum = g.op("ReduceSum", [g.op("Mul", [probabilities, difference])], { keepdims: 0 });
      return g.op("Mul", [sum, g.scalar(temperature ** 2 / batch!)]);
    },
  };
}
