/**
 * @file Which layer costs accuracy, how much, and why. Each layer's noise is split by its origin: weights, clipping of its
 * input, rounding of its input, the grid of its bias. One pass of the float network measures each layer alone; one of the
 * quantized network measures the accumulated noise at each layer.
 */

export { measureCumulative } from "./cumulative.js";
export { decibel } from "./decibel.js";
export type { Distribution } from "./distribution.js";
export { type LayerSensitivity, layerSensitivity, type SensitivityOptions } from "./layer-sensitivity.js";
export { innerLayers, inputGrid, type QuantizedLayer, quantizedLayers, storedWeightScales } from "./layers.js";
export { matchingFloat } from "./matching-float.js";
export { quantizedAlone } from "./one-layer.js";
