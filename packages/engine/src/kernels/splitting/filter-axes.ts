/** @file Divides convolutions and linear layers among threads: by pixels or tiles, and by blocks of output channels. */

import type { Constants, TaskFields } from "../constants.js";
import { type Axis, elements, type MakeAxes, type Part } from "./axis.js";

/** Number of pixels in a tile of the inner loop; they stay together. */
export const tilePixels = 4;

/** An epilogue that starts at another pixel of its tables. */
function fromPixel(constants: Constants, output: number, pixel: number): number {
  const fields = constants.read("OutputTask", output);
  return constants.task("OutputTask", {
    ...fields,
    outputPixels: fields.outputPixels + 4 * pixel,
    residualPixels: fields.residualPixels + 4 * pixel,
    copyPixels: fields.copyPixels + 4 * pixel,
  });
}

/** An epilogue of some blocks of eight channels. */
function ofBlocks(constants: Constants, output: number, { first, count }: Part): number {
  const fields = constants.read("OutputTask", output);
  const [residualBytes, outputBytes, copyBytes] = elementBytes(fields);
  return constants.task("OutputTask", {
    ...fields,
    output: fields.output + 8 * first * outputBytes,
    residual: fields.residual + 8 * first * residualBytes,
    copy: fields.copy + 8 * first * copyBytes,
    parameters: fields.parameters + first * fields.parameterPitch,
    blocks: Math.min(count, fields.blocks - first),
  });
}

/** The bytes per element that the digits of `variant` say. */
const elementBytes = ({ variant }: TaskFields<"OutputTask">): readonly [number, number, number] => [
  Math.floor(variant / 9),
  Math.floor(variant / 3) % 3,
  variant % 3,
];

/** The weights of some blocks of a convolution. `initialBytes` is the size of one block's starts. */
function weightsOfBlocks(fields: TaskFields<"ConvTask">, { first, count }: Part, initialBytes: number) {
  return {
    weights: fields.weights + first * fields.blockPitch,
    initial: fields.initial + first * initialBytes,
    blocks: count,
  };
}

/** Cuts the output by pixels, in tiles. `more` returns the fields of a part that starts at a pixel. */
function pixelAxis<Name extends "ConvTask" | "DepthwiseTask">(
  constants: Constants,
  name: Name,
  fields: TaskFields<Name>,
  more: (start: number) => Partial<TaskFields<Name>> = () => ({}),
): Axis {
  return {
    units: Math.ceil(fields.pixels / tilePixels),
    repeated: 0,
    cut(part) {
      const { start, count } = elements(part, tilePixels, fields.pixels);
      return constants.task(name, {
        ...fields,
        ...more(start),
        inputPixels: fields.inputPixels + 4 * start,
        pixels: count,
        output: fromPixel(constants, fields.output, start),
      });
    },
  };
}

/** @param outputBlocks  blocks of eight channels per block of weights */
export const convolutionAxes =
  (outputBlocks: number): MakeAxes =>
  (constants, task, { sums }) => {
    const fields = { ...constants.read("ConvTask", task), sums };
    return [
      pixelAxis(constants, "ConvTask", fields),
      {
        units: fields.blocks,
        repeated: 0,
        cut: (part) =>
          constants.task("ConvTask", {
            ...fields,
            ...weightsOfBlocks(fields, part, 32 * fields.segmentCount),
            blockInputs: fields.blockInputs + 4 * part.first,
            output: ofBlocks(constants, fields.output, {
              first: part.first * outputBlocks,
              count: part.count * outputBlocks,
            }),
          }),
      },
    ];
  };

/** Share of a layer's time that it takes to transform the input again for other channels. */
const inputTransform = 0.04;

/**
 * @param group   tiles whose products are computed together
 * @param phases  outputs per tile
 */
export const winogradAxes =
  (group: number, phases: number): MakeAxes =>
  (constants, task, { sums, products, transformed }) => {
    const fields = { ...constants.read("WinogradTask", task), products, transformed };
    const gemm = { ...constants.read("ConvTask", fields.gemm), sums };
    const positions = phases === 4 ? 16 : 36;
    return [
      {
        units: Math.ceil(fields.tiles / group),
        repeated: 0,
        cut(part) {
          const { start, count } = elements(part, group, fields.tiles);
          const output = fromPixel(constants, gemm.output, start * phases);
          return constants.task("WinogradTask", {
            ...fields,
            gemm: constants.task("ConvTask", { ...gemm, output }),
            tileInputs: fields.tileInputs + 4 * start,
            tiles: count,
          });
        },
      },
      {
        units: gemm.blocks,
        repeated: inputTransform,
        cut(part) {
          const own = weightsOfBlocks(gemm, part, 32 * positions * gemm.segmentCount);
          const output = ofBlocks(constants, gemm.output, part);
          return constants.task("WinogradTask", {
            ...fields,
            gemm: constants.task("ConvTask", { ...gemm, ...own, output }),
          });
        },
      },
    ];
  };

export const depthwiseAxes =
  (inputBytes: number): MakeAxes =>
  (constants, task, { sums }) => {
    const fields = { ...constants.read("DepthwiseTask", task), sums };
    return [
      pixelAxis(constants, "DepthwiseTask", fields, (start) => ({ column: start % fields.width })),
      {
        units: fields.blocks,
        repeated: 0,
        cut: (part) =>
          constants.task("DepthwiseTask", {
            ...fields,
            input: fields.input + 8 * part.first * inputBytes,
            weights: fields.weights + part.first * fields.blockPitch,
            blocks: part.count,
            output: ofBlocks(constants, fields.output, part),
          }),
      },
    ];
  };

export const logitsAxes: MakeAxes = (constants, task, { sums }) => {
  const fields = constants.read("LogitsTask", task);
  const gemm = { ...constants.read("ConvTask", fields.gemm), sums };
  return [
    {
      units: gemm.blocks,
      repeated: 0,
      cut: (part) =>
        constants.task("LogitsTask", {
          ...fields,
          gemm: constants.task("ConvTask", { ...gemm, ...weightsOfBlocks(gemm, part, 32 * gemm.segmentCount) }),
          output: fields.output + 32 * part.first,
          parameters: fields.parameters + part.first * fields.parameterPitch,
        }),
    },
  ];
};
