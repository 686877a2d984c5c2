/** @file Tables and figures of a study's report. */

import { escapeHtml } from "../page.js";

export interface Column {
  readonly name: string;
  /** Such columns are aligned to the left; `wrap` also breaks long lines. */
  readonly kind?: "text" | "wrap";
}

export interface Cell {
  readonly text: string;
  /** HTML to show instead of the text. */
  readonly html?: string;
  /** Value to sort by, if it is not the text. */
  readonly value?: number;
  readonly className?: string;
  readonly style?: string;
}

export interface TableOptions {
  /** Text above the table. */
  readonly caption?: string;
  /** Name of the table for screen readers; by default the caption. */
  readonly label?: string;
  readonly sortable?: boolean;
}

export const about = (text: string): string => `<p class="about">${escapeHtml(text)}</p>`;

/** HTML that opens on request, and on paper. */
export const details = (summary: string, html: string): string =>
  `<details><summary>${escapeHtml(summary)}</summary>${html}</details>`;

export function table(
  columns: readonly Column[],
  rows: readonly (readonly (string | Cell)[])[],
  { caption, label = caption, sortable = false }: TableOptions = {},
): string {
  const head = columns.map(
    ({ name, kind }) => `<th scope="col"${kind ? ' class="text"' : ""}>${escapeHtml(name)}</th>`,
  );
  const body = rows.map(
    (row) =>
      `<tr>${row.map((cell, i) => cellHtml(typeof cell === "string" ? { text: cell } : cell, columns[i]!)).join("")}</tr>`,
  );
  // A caption of the table itself would be as wide as the table, and cut on a phone.
  const title = caption === undefined ? "" : about(caption);
  const labelled = label === undefined ? "" : ` aria-label="${escapeHtml(label)}"`;
  return (
    `${title}<div class="scroll" tabindex="0" role="region"${labelled}>` +
    `<table${sortable ? ' class="sortable"' : ""}><thead><tr>${head.join("")}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody></table></div>`
  );
}

function cellHtml({ text, html, value, className, style }: Cell, { kind }: Column): string {
  const classes = [kind, className].filter((name) => name !== undefined).join(" ");
  const attributes = [
    classes === "" ? "" : ` class="${classes}"`,
    value === undefined ? "" : ` data-value="${value}"`,
    style === undefined ? "" : ` style="${style}"`,
  ].join("");
  return `<td${attributes}>${html ?? escapeHtml(text)}</td>`;
}

/** Panels side by side; nothing if there are none. */
export const panels = (
  figures: readonly { readonly svg: string | undefined; readonly title: string; readonly caption?: string }[],
): string => {
  const shown = figures.filter(({ svg }) => svg !== undefined);
  if (shown.length === 0) return "";
  // Two per row if rows of three would leave one alone.
  const arrangement = shown.length % 2 === 0 && shown.length % 3 !== 0 ? "panels pairs" : "panels";
  return `<div class="${arrangement}">\n${shown
    .map(
      ({ svg, title, caption = "" }) =>
        `<figure>${svg}<figcaption><strong>${escapeHtml(title)}</strong>${escapeHtml(caption)}</figcaption></figure>`,
    )
    .join("\n")}\n</div>`;
};
