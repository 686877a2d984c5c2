/** @file The legend: the methods of a report with their colors and shapes, the same in all charts. */

import { escapeHtml } from "../page.js";
import type { ReportData } from "./cases.js";
import { methodMeaning } from "./methods.js";
import { legendMark } from "./plot.js";

/** Number of each method's colour and shape. */
export type Series = ReadonlyMap<string, number>;

export const seriesOf = ({ cases }: ReportData): Series =>
  new Map([...new Set(cases.flatMap(({ methods }) => methods))].map((method, i) => [method, i % 9]));

export const legend = ({ cases }: ReportData, series: Series): string =>
  `<ul class="legend">${[...series]
    .map(([method, number]) => {
      const meaning = methodMeaning(method, cases);
      return `<li>${legendMark(number)}${escapeHtml(method)}${meaning ? ` <span class="muted">${escapeHtml(meaning)}</span>` : ""}</li>`;
    })
    .join("")}</ul>`;
