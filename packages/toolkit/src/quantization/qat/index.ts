/** @file Quantization-aware training. */

export { type ChainOptions, type ChainStage, checkChain, trainChain } from "./chain.js";
export { fewestBits, type QatDefaults, type QatSetting, qatDefaults } from "./defaults.js";
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
