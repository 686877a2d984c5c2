/** @file Decides whether a run still improves on its validation images, and makes a note if it does not. */

import type { TrainingPosition } from "./position.js";

interface Limits {
  /** Epochs of the whole run. */
  readonly epochs: number;
  /** Ends the run after this many epochs in a row without a new best; never if absent. */
  readonly patience?: number | undefined;
}

const sinceBest = ({ epoch, best }: TrainingPosition): number => (best === undefined ? 0 : epoch - best.epoch);

/** Whether the run has gone without improvement for as long as it may. */
export const endsEarly = (position: TrainingPosition, { patience }: Limits): boolean =>
  patience !== undefined && sinceBest(position) >= patience;

export const earlyEndNote = ({ epoch, best }: TrainingPosition, { epochs, patience }: Limits): string =>
  `Stopped after epoch ${epoch} of ${epochs}: none of the last ${patience} epochs was better than epoch ${best?.epoch}.`;

/** Epochs without improvement that deserve a note: a quarter of the run, and at least three. */
const worthAWord = (epochs: number): number => Math.max(3, Math.ceil(epochs / 4));

/** A sentence for the epoch at which a run has not improved for long; undefined for all others. */
export function stallNote(position: TrainingPosition, limits: Limits): string | undefined {
  const { epoch, best } = position;
  const since = sinceBest(position);
  if (best?.validationAccuracy === undefined || since !== worthAWord(limits.epochs)) return undefined;
  if (epoch === limits.epochs || endsEarly(position, limits)) return undefined;
  return (
    `The validation accuracy has not improved for ${since} epochs: ${(100 * best.validationAccuracy).toFixed(2)} % in epoch ` +
    `${best.epoch} is the best so far. The run can be stopped without loss, or ends by itself with \`patience\`.`
  );
}
