/** @file The formats of the task `export`; a new one is one file, one line here and its name among the choices of the option `format`. */

import type { Exporter, ExportOptions } from "./definition.js";
import { type QdqResult, qdq } from "./qdq.js";
import { type SbqResult, sbq } from "./sbq.js";
import { type TfliteResult, tflite } from "./tflite.js";

export type { ExportOptions } from "./definition.js";

/** Result of the task `export`; its field `format` tells which of these it is. */
export type ExportResult = QdqResult | TfliteResult | SbqResult;

export const exporters = { qdq, tflite, sbq } satisfies Readonly<Record<ExportOptions["format"], Exporter>>;
