/**
 * @file Divides all other operators among threads: by rows, by pixels, by elements, and pools by blocks of channels.
 */

import type { MakeAxes } from "./axis.js";

export const poolAxes: MakeAxes = (constants, task) => {
  const fields = constants.read("PoolTask", task);
  return [
    {
      units: fields.outputHeight,
      repeated: 0,
      cut: ({ first, count }) =>
        constants.task("PoolTask", {
          ...fields,
          output: fields.output + first * fields.outputRowPitch,
          outputHeight: count,
          padTop: fields.padTop - first * fields.strideHeight,
          multipliers: fields.multipliers + 4 * first * fields.outputWidth,
        }),
    },
    {
      units: fields.blocks,
      repeated: 0,
      cut: ({ first, count }) =>
        constants.task("PoolTask", {
          ...fields,
          input: fields.input + 8 * first * fields.inputBytes,
          output: fields.output + 8 * first * fields.outputBytes,
          blocks: count,
        }),
    },
  ];
};

export const mapAxes: MakeAxes = (constants, task) => {
  const fields = constants.read("MapTask", task);
  return [
    {
      units: fields.pixels,
      repeated: 0,
      cut: ({ first, count }) =>
        constants.task("MapTask", {
          ...fields,
          firstPixels: fields.firstPixels + 4 * first,
          secondPixels: fields.secondPixels + 4 * first,
          outputPixels: fields.outputPixels + 4 * first,
          pixels: count,
        }),
    },
  ];
};

export const gatherAxes: MakeAxes = (constants, task) => {
  const fields = constants.read("GatherTask", task);
  return [
    {
      units: fields.count,
      repeated: 0,
      cut: ({ first, count }) =>
        constants.task("GatherTask", {
          ...fields,
          inputOffsets: fields.inputOffsets + 4 * first,
          outputOffsets: fields.outputOffsets + 4 * first,
          count,
        }),
    },
  ];
};

export const inputAxes: MakeAxes = (constants, task) => {
  const fields = constants.read("InputTask", task);
  return [
    {
      units: fields.height,
      repeated: 0,
      cut: ({ first, count }) =>
        constants.task("InputTask", {
          ...fields,
          bytes: fields.bytes + first * fields.width * fields.channels,
          output: fields.output + first * fields.outputRowPitch,
          height: count,
        }),
    },
  ];
};
