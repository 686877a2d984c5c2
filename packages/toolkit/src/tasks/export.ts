/** @file The task `export`: a network in a format that other runtimes execute. */

import { UsageError } from "../errors.js";
import type { Exporter } from "./exporters/definition.js";
import { type ExportOptions, type ExportResult, exporters } from "./exporters/index.js";
import { openTaskModel } from "./model.js";
import { defineTask, type Run } from "./run.js";

export type { ExportResult } from "./exporters/index.js";

/** The task `export`: writes a network for another runtime. */
export const exportModel = defineTask("export", async (options, run): Promise<ExportResult> => {
  const opened = await openTaskModel(options.model, options, run);
  requireOwnOptions(options, run);
  return exporters[options.format].write(opened, options, run);
});

/** @throws {UsageError} for an option that belongs to another format */
function requireOwnOptions(options: ExportOptions, { given }: Run): void {
  for (const [format, { own }] of Object.entries<Exporter>(exporters)) {
    const foreign = (Object.keys(own) as (keyof ExportOptions)[]).find(
      (name) => given.has(name) && options[name] !== false,
    );
    if (format !== options.format && foreign !== undefined)
      throw new UsageError(
        "option-conflict",
        { options: ["format", foreign] },
        `\`${foreign}\` belongs to the format ${format}; ${own[foreign]}. Leave it out.`,
      );
  }
}
