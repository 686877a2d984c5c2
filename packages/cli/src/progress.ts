/** @file Progress on stderr: a bar on a terminal, a line every few seconds elsewhere, nothing under `--quiet`. */

import cliProgress from "cli-progress";

export interface Progress {
  /** Units done so far, out of the total given at the start, and a short remark such as the loss. */
  update(done: number, remark?: string): void;
  stop(): void;
}

export interface ProgressOptions {
  readonly quiet: boolean;
}

/** Seconds between two lines where stderr is no terminal. */
const LINE_SECONDS = 5;

const silent: Progress = { update: () => {}, stop: () => {} };

/** @param total units of work; 0 where it is not known */
export function startProgress(label: string, total: number, { quiet }: ProgressOptions): Progress {
  if (quiet) return silent;
  return process.stderr.isTTY ? bar(label, total) : lines(label, total);
}

function bar(label: string, total: number): Progress {
  const instance = new cliProgress.SingleBar(
    {
      format: total > 0 ? `${label} {bar} {percentage}% {remark} · {eta_formatted} left` : `${label} {value} {remark}`,
      barsize: 24,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      etaBuffer: 50,
    },
    cliProgress.Presets.shades_classic,
  );
  instance.start(total, 0, { remark: "" });
  return {
    update: (done, remark = "") => instance.update(done, { remark }),
    stop: () => instance.stop(),
  };
}

function lines(label: string, total: number): Progress {
  const begun = Date.now();
  let last = begun;
  return {
    update: (done, remark = "") => {
      const now = Date.now();
      if (now - last < LINE_SECONDS * 1000) return;
      last = now;
      const share = total > 0 ? ` ${Math.floor((100 * done) / total)} %` : ` ${done}`;
      const left = total > 0 && done > 0 ? ` · ${Math.round(((now - begun) / 1000) * (total / done - 1))} s left` : "";
      process.stderr.write(`${label}${share}${remark ? ` · ${remark}` : ""}${left}\n`);
    },
    stop: () => {},
  };
}
