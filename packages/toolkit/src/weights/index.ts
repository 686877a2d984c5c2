export { type ApplyOptions, type ApplyReport, applyWeights } from "./apply.js";
export { type LoadedWeights, loadWeights } from "./load.js";
export { readSafetensors, type Safetensors, writeSafetensors } from "./safetensors.js";
