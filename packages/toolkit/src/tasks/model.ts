/** @file Opens the model that a task's options name. */

import { defined } from "../defined.js";
import { type OpenedModel, type OpenModelOptions, openModel } from "../model-file/index.js";

/** The options that say what the weights of a file are put into. */
export interface NetworkOptions {
  readonly arch?: string;
  readonly classes?: number;
  readonly stem?: "imagenet" | "cifar";
  readonly size?: number;
  readonly channelOrder?: "rgb" | "bgr";
}

/** @throws as `openModel` */
export const openTaskModel = (
  path: string,
  { arch, classes, stem, size, channelOrder }: NetworkOptions,
): Promise<OpenedModel> =>
  openModel(path, defined({ architecture: arch, classes, stem, size, channelOrder }) as OpenModelOptions);
