/**
 * @file How the task of each kernel can be cut into parts: records that cover some pixels, some rows or some channels. Kernels know
 * nothing of it.
 */

import type { KernelName } from "../../wasm/modules.js";
import type { Constants, TaskFields } from "../constants.js";
import type { ScratchBlocks } from "../emit/scratch.js";

/** A range of a task's units of work. */
export interface Part {
  readonly first: number;
  readonly count: number;
}

/** One way to cut a task. */
export interface Axis {
  /** Units of work that must stay together are one. */
  readonly units: number;
  /** Part of the work that every thread does again. */
  readonly repeated: number;
  /** Writes the record of a part of the units. */
  cut(part: Part): number;
}

export type MakeAxes = (constants: Constants, task: number, scratch: ScratchBlocks) => readonly Axis[];

/** What is not listed runs on the first thread. */
export function axesOf(kernel: KernelName): MakeAxes | undefined {
  switch (kernel) {
    case "convD8":
    case "convR4":
    case "convR8":
      return convolutionAxes(1);
    case "convP4":
      return convolutionAxes(2);
    case "winogradD8":
    case "winogradR4":
      return winogradAxes(16, 4);
    case "winograd4D8":
      return winogradAxes(8, 16);
    case "depthwiseByteNarrow":
    case "depthwiseByteWide":
    case "depthwiseWordNarrow":
    case "depthwiseWordWide":
      return depthwiseAxes(kernel.startsWith("depthwiseByte") ? 1 : 2);
    case "logitsD8":
    case "logitsR4":
    case "logitsR8":
      return logitsAxes;
    case "maxPool":
    case "averagePool":
      return poolAxes;
    case "add":
    case "table":
    case "move":
      return mapAxes;
    case "gather":
      return gatherAxes;
    case "input":
      return inputAxes;
    default:
      return undefined;
  }
}

/** Pixels of a tile of the inner loop stay together. */
const tilePixels = 4;

/** The units of an axis in elements: `size` elements in groups of `group`, the last one ragged. */
const elements = ({ first, count }: Part, group: number, size: number) => {
  const start = first * group;
  return { start, count: Math.min(size, (first + count) * group) - start };
};

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

/** Digits of `variant`. */
const elementBytes = ({ variant }: TaskFields<"OutputTask">): readonly [number, number, number] => [
  Math.floor(variant / 9),
  Math.floor(variant / 3) % 3,
  variant % 3,
];

/** The weights of some blocks of a convolution. `initialBytes`: starts of one block's sums. */
function weightsOfBlocks(fields: TaskFields<"ConvTask">, { first, count }: Part, initialBytes: number) {
  return {
    weights: fields.weights + first * fields.blockPitch,
    initial: fields.initial + first * initialBytes,
    blocks: count,
  };
}

/** @param outputBlocks  blocks of eight channels in a block of weights */
const convolutionAxes =
  (outputBlocks: number): MakeAxes =>
  (constants, task, { sums }) => {
    const fields = { ...constants.read("ConvTask", task), sums };
    return [
      {
        units: Math.ceil(fields.pixels / tilePixels),
        repeated: 0,
        cut(part) {
          const { start, count } = elements(part, tilePixels, fields.pixels);
          return constants.task("ConvTask", {
            ...fields,
            inputPixels: fields.inputPixels + 4 * start,
            pixels: count,
            output: fromPixel(constants, fields.output, start),
          });
        },
      },
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

/** Transforming the input again for other channels takes about so much of a layer's time. */
const inputTransform = 0.04;

/**
 * @param group   tiles whose products are formed at once
 * @param phases  outputs of a tile
 */
const winogradAxes =
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

const depthwiseAxes =
  (inputBytes: number): MakeAxes =>
  (constants, task, { sums }) => {
    const fields = { ...constants.read("DepthwiseTask", task), sums };
    return [
      {
        units: Math.ceil(fields.pixels / tilePixels),
        repeated: 0,
        cut(part) {
          const { start, count } = elements(part, tilePixels, fields.pixels);
          return constants.task("DepthwiseTask", {
            ...fields,
            inputPixels: fields.inputPixels + 4 * start,
            pixels: count,
            output: fromPixel(constants, fields.output, start),
          });
        },
      },
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

const logitsAxes: MakeAxes = (constants, task, { sums }) => {
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

const poolAxes: MakeAxes = (constants, task) => {
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

const mapAxes: MakeAxes = (constants, task) => {
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

const gatherAxes: MakeAxes = (constants, task) => {
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

const inputAxes: MakeAxes = (constants, task) => {
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
