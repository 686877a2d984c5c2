/**
 * @file Which layer hurts, how much, and why. Each layer's noise is split by where it comes from: weights, clipping of its input,
 * rounding of its input, its bias's grid. One pass of the float network measures all layers alone; one of the quantized network
 * measures what has gathered at each layer.
 */

export { measureCumulative } from "./cumulative.js";
export { decibel } from "./decibel.js";
export type { Distribution } from "./distribution.js";
export { type LayerSensitivity, layerSensitivity, type SensitivityOptions } from "./layer-sensitivity.js";
export { innerLayers, inputGrid, type QuantizedLayer, quantizedLayers, storedWeightScales } from "./layers.js";
export { matchingFloat } from "./matching-float.js";
export { quantizedAlone } from "./one-layer.js";
