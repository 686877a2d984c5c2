/** @file Shares as text. */

/** A share, 0 … 1, as percent: `91.73 %`. */
export const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;
