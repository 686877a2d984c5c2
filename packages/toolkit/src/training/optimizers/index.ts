/** @file The optimizers by their names in options. A new one is one file and one line. */

import { type AdamWOptions, adamw } from "./adamw.js";
import type { Optimizer } from "./definition.js";
import { type SgdOptions, sgd } from "./sgd.js";

export { type AdamWOptions, adamw } from "./adamw.js";
export type * from "./definition.js";
export { type SgdOptions, sgd } from "./sgd.js";

/** An optimizer as in options and configuration files. */
export type OptimizerOptions = ({ readonly name: "sgd" } & SgdOptions) | ({ readonly name: "adamw" } & AdamWOptions);

/** @throws {UsageError} if a hyperparameter is out of its range. */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  switch (options.name) {
    case "sgd":
      return sgd(options);
    case "adamw":
      return adamw(options);
  }
}
