import { ModelError } from "@subbyte/graph";

/** A ModelError that names an operator which TensorFlow Lite cannot express: `AveragePool "pool": …`. */
export const noTfliteForm = (operator: string, node: string, reason: string): ModelError =>
  new ModelError(
    "no-tflite-form",
    { operators: [operator], nodes: [node], reason },
    `${operator} "${node}" cannot be written as .tflite: ${reason}`,
  );
