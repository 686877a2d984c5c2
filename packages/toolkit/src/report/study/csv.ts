/** @file A table with one line per run, for spreadsheets. */

import type { StudyResults } from "../../study/merge.js";
import { type Case, reportData } from "./cases.js";

const columns = [
  "study",
  "run",
  "kind",
  "network",
  "data",
  "method",
  "bits",
  "seed",
  "images",
  "top1",
  "top5",
  "loss",
  "float_top1",
  "agreement",
  "lost",
  "gained",
  "bytes",
  "milliseconds",
  "seconds",
  "cpu_seconds",
  "commit",
  "date",
  "model_sha256",
] as const;

export function studyCsv(studies: readonly StudyResults[]): string {
  const { cases } = reportData(studies);
  const lines = studies.flatMap(({ name, runs }) =>
    runs.map((run) => {
      const { result, software } = run;
      const isOwn = ({ float, points }: Case) =>
        [float, ...points.flatMap((point) => point.runs)].some(({ key }) => key === run.key);
      const own = cases.find(isOwn);
      const point = own?.points.find(({ runs: all }) => all.some(({ key }) => key === run.key));
      const row: Readonly<Record<(typeof columns)[number], string | number | undefined>> = {
        study: name,
        run: run.id,
        kind: run.kind,
        network: run.network,
        data: run.data,
        method: run.method,
        bits: run.bits,
        seed: run.seed,
        images: result.accuracy?.images,
        top1: result.accuracy?.top1,
        top5: result.accuracy?.top5,
        loss: result.accuracy?.loss,
        float_top1: own?.float.result.accuracy?.top1,
        agreement: result.agreement?.share,
        lost: result.agreement?.lost,
        gained: result.agreement?.gained,
        bytes: result.model?.bytes,
        milliseconds: point?.milliseconds,
        seconds: run.seconds,
        cpu_seconds: run.cpuSeconds,
        commit: software?.commit?.hash,
        date: run.date,
        model_sha256: result.model?.sha256,
      };
      return columns.map((column) => quoted(row[column])).join(",");
    }),
  );
  return [columns.join(","), ...lines, ""].join("\n");
}

function quoted(value: string | number | undefined): string {
  const text = value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
