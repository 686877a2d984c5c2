/** @file Quantization-aware training. */

export {
  type BatchNormForm,
  batchNormForms,
  type Distillation,
  type QatOptions,
  type QatResult,
  type Validated,
} from "./options.js";
export { trainQuantized } from "./qat.js";
export { type Quantizer, quantizers } from "./steps.js";
