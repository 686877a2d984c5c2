/** @file Progress on stderr: a bar on a terminal, a line every few seconds elsewhere, nothing under `--quiet`. */

import cliProgress from "cli-progress";

export interface Progress {
  /**
   * @param done units so far
   * @param remark such as the loss
   * @param total where it was not known at the start
   */
  update(done: number, remark?: string, total?: number): void;
  stop(): void;
}

export interface ProgressOptions {
  readonly quiet: boolean;
  /** The remark says how much time is left. */
  readonly ownEstimate?: boolean;
}

/** Seconds between two lines where stderr is no terminal. */
const LINE_SECONDS = 5;

const silent: Progress = { update: () => {}, stop: () => {} };

/** @param total units of work; 0 where it is not known */
export function startProgress(label: string, total: number, options: ProgressOptions): Progress {
  if (options.quiet) return silent;
  return process.stderr.isTTY ? bar(label, total, options) : lines(label, total, options);
}

function bar(label: string, total: number, { ownEstimate }: ProgressOptions): Progress {
  const left = ownEstimate ? "" : " · {eta_formatted} left";
  const instance = new cliProgress.SingleBar(
    {
      format: `${label} {bar} {percentage} %{remark}${left}`,
      barsize: 24,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      etaBuffer: 50,
    },
    cliProgress.Presets.shades_classic,
  );
  let running = false;
  return {
    update: (done, remark = "", known = total) => {
      const payload = { remark: remark && ` · ${remark}` };
      // Work that is over at once, such as reading a cache, shows no bar.
      if (!running) instance.start(known, done, payload);
      running = true;
      instance.update(done, payload);
    },
    stop: () => {
      if (running) instance.stop();
      running = false;
    },
  };
}

/** When the last line was written; all progress shares it, or a run of short epochs would never say a word. */
let last = Date.now();

function lines(label: string, total: number, { ownEstimate }: ProgressOptions): Progress {
  const begun = Date.now();
  return {
    update: (done, remark = "", known = total) => {
      const now = Date.now();
      if (now - last < LINE_SECONDS * 1000) return;
      last = now;
      const share = known > 0 ? `${Math.floor((100 * done) / known)} %` : `${done}`;
      const seconds = Math.round(((now - begun) / 1000) * (known / done - 1));
      const left = !ownEstimate && known > 0 && done > 0 ? `${seconds} s left` : "";
      process.stderr.write(`${label} ${[share, remark, left].filter((part) => part !== "").join(" · ")}\n`);
    },
    stop: () => {},
  };
}
