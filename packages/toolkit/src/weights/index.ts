export { type ApplyOptions, type ApplyReport, applyWeights } from "./apply.js";
export { isWeightsFile, type LoadedWeights, loadWeights } from "./load.js";
export { readSafetensors, type Safetensors, writeSafetensors } from "./safetensors.js";
