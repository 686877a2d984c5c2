/** @file The settings that decide the outcome of a training run, and the check whether a checkpoint may be resumed. */

import { computation, type RunSettings, requireSameSettings } from "./checkpoint.js";
import type { TrainingStep } from "./classifier-step.js";
import { imageIdentity } from "./image-identity.js";
import { crossEntropyLoss } from "./losses/index.js";
import { createOptimizer } from "./optimizers/index.js";
import type { TrainingPosition } from "./position.js";
import type { TrainOptions } from "./train-options.js";

/** All settings that decide the outcome, except the number of threads. */
export async function settingsOf(options: TrainOptions, batchSize: number, step: TrainingStep): Promise<RunSettings> {
  const { images, validation, epochs, rate, mean, std, augmentation = {}, seed = 0, optimizer } = options;
  const { schedule, learningRate, warmupSteps = 0 } = rate;
  const { device = "cpu" } = options.session ?? {};
  const { loss = crossEntropyLoss({ labelSmoothing: options.labelSmoothing ?? 0 }) } = options;
  return {
    images: await imageIdentity(images),
    "validation images": validation ? await imageIdentity(validation) : "none",
    [EPOCHS]: epochs,
    "batch size": batchSize,
    "learning rate": learningRate,
    schedule: JSON.stringify(schedule),
    "warm-up steps": warmupSteps,
    optimizer: createOptimizer(optimizer).description,
    "weight decay": options.weightDecay ?? 0,
    loss: loss.description,
    "gradient clipping": JSON.stringify([options.clipValue, options.clipNorm]),
    "average decay": options.averageDecay ?? null,
    normalization: JSON.stringify([mean, std]),
    augmentation: JSON.stringify(augmentation),
    seed,
    ...(device === "cpu" ? {} : { device }),
    ...options.identity,
    [computation]: step.fingerprint.slice(0, 16),
  };
}

const EPOCHS = "epochs";

/**
 * Whether a finished run continues for more epochs.
 *
 * @throws {UsageError} if the checkpoint has other settings
 */
export function requireResumable(
  path: string,
  saved: RunSettings,
  { epoch }: TrainingPosition,
  now: RunSettings,
): { readonly prolongs: boolean } {
  const [before, wanted] = [Number(saved[EPOCHS]), Number(now[EPOCHS])];
  const prolongs = epoch >= before && wanted > before;
  requireSameSettings(path, prolongs ? { ...saved, [EPOCHS]: wanted } : saved, now);
  return { prolongs };
}
