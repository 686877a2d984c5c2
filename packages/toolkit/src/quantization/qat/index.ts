/** @file Quantization-aware training. */

export { type ChainOptions, type ChainStage, checkChain, trainChain } from "./chain.js";
export { type QatDefaults, type QatSetting, qatDefaults } from "./defaults.js";
export { type FloatReference, type LayerChange, layerChanges } from "./layer-changes.js";
export type {
  BatchNormForm,
  Distillation,
  QatOptions,
  QatResult,
  Validated,
} from "./options.js";
export { trainQuantized } from "./qat.js";
export type { Quantizer } from "./steps.js";
