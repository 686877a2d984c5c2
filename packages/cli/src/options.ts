/** @file Options that mean the same in every command, with their parsers. */

import { type OpenModelOptions, UsageError } from "@subbyte/toolkit";
import { type Command, InvalidArgumentError, Option } from "commander";

/** A whole number of at least `min`. */
export const integer =
  (min = 1) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min)
      throw new InvalidArgumentError(`it takes a whole number from ${min} up.`);
    return value;
  };

/** A finite number of at least `min`. */
export const decimal =
  (min = Number.NEGATIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < min)
      throw new InvalidArgumentError(
        min === Number.NEGATIVE_INFINITY ? "it takes a number." : `it takes a number from ${min} up.`,
      );
    return value;
  };

/** Numbers separated by commas, such as `0.485,0.456,0.406`. */
export function numberList(text: string): readonly number[] {
  const values = text.split(",").map(Number);
  if (text.trim() === "" || !values.every(Number.isFinite))
    throw new InvalidArgumentError("it takes numbers separated by commas.");
  return values;
}

/** A width in bits; the range is the toolkit's to check, so that every door gives the same message. */
export const bits = decimal();

export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** File that the result is recorded in, with how it came about. */
  readonly results?: string;
}

export const withCommonOptions = (command: Command): Command =>
  command
    .option("--config <file>", "options from a JSON or YAML file; the command line wins")
    .option("--json", "results as JSON on stdout")
    .option("--results <file>", "record the result with command, commit, seed and machine")
    .option("--quiet", "no progress")
    .option("--verbose", "stack traces with errors");

export interface DataOptions {
  readonly data?: string;
  readonly split?: "train" | "test" | "val";
  readonly limit?: number;
  readonly size?: number;
  readonly resizeTo?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly seed: number;
  readonly splitSeed: number;
  readonly skipBadImages?: boolean;
}

export function withDataOptions(command: Command): Command {
  return command
    .option(
      "--data <source>",
      'images: "mnist", a folder of class folders, CIFAR-10\'s binary files, or a .tgz of these',
    )
    .addOption(new Option("--split <split>", "part of the data").choices(["train", "test", "val"]))
    .option("--limit <n>", "about this many images, every class with its share", integer())
    .option("--size <pixels>", "height and width of the network's input", integer())
    .option("--resize-to <pixels>", "resize the shorter side to this, then crop the centre", integer())
    .option("--mean <list>", "mean of each channel, in units of pixel/255", numberList)
    .option("--std <list>", "standard deviation of each channel, in units of pixel/255", numberList)
    .option("--seed <n>", "of everything random but --split-seed", integer(0), 0)
    .option("--split-seed <n>", "of the division of a folder without train and test folders", integer(0), 0)
    .option("--skip-bad-images", "leave damaged images out and count them");
}

export interface ModelFileOptions {
  readonly arch?: string;
  readonly classes?: number;
  readonly stem?: "imagenet" | "cifar";
}

export function withModelOptions(command: Command): Command {
  return command
    .option("--arch <name>", "built-in architecture, where the file holds weights only")
    .option("--classes <n>", "class count of that architecture", integer(2))
    .addOption(new Option("--stem <stem>", "first layers of a ResNet").choices(["imagenet", "cifar"]));
}

/** What `openModel` takes of the options. */
export const openOptions = ({
  arch,
  classes,
  stem,
  size,
}: ModelFileOptions & { readonly size?: number }): OpenModelOptions => ({
  ...(arch === undefined ? {} : { architecture: arch }),
  ...(classes === undefined ? {} : { classes }),
  ...(stem === undefined ? {} : { stem }),
  ...(size === undefined ? {} : { size }),
});

export interface RunOptions {
  readonly threads?: number;
  readonly batch?: number;
}

export function withRunOptions(command: Command): Command {
  return command
    .option("--threads <n>", "threads; all cores by default", integer())
    .option("--batch <n>", "images at once", integer());
}

export interface WidthOptions {
  readonly weights: number;
  readonly activations: number;
  readonly firstLastBits: number;
  readonly residualBits: number;
  readonly policy?: string;
  readonly reduceRange?: boolean;
}

export function withWidthOptions(command: Command): Command {
  return command
    .option("--weights <bits>", "width of weights, 2 … 8", bits, 8)
    .option("--activations <bits>", "width of the layers' inputs, 2 … 8", bits, 8)
    .option("--first-last-bits <bits>", "width of the first convolution and the last linear layer", bits, 8)
    .option("--residual-bits <bits>", "width of the residual stream", bits, 8)
    .option("--policy <file>", "widths by layer name pattern, JSON or YAML")
    .option("--reduce-range", "keep weights within 7 bits, for ONNX runtimes on CPUs without VNNI");
}

/** @throws {UsageError} where a required option is missing */
export function required<T>(value: T | undefined, option: string, example: string): T {
  if (value === undefined)
    throw new UsageError("option-missing", { option }, `${option} is missing; for example ${option} ${example}.`);
  return value;
}
