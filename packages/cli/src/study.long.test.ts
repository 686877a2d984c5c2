/** The study `smoke` through the built command, killed at hard moments: it comes out the same. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@subbyte/toolkit";
import { beforeAll, expect, test } from "vitest";
import { FLOAT, merged, RECONSTRUCTED, type Results, straightResults, TRAINED } from "../test/smoke-study.js";
import { folder, start, subbyte } from "../test/subbyte.js";

const MINUTES = 60_000;

let straight: Results;
beforeAll(async () => {
  straight = await straightResults();
}, 30 * MINUTES);

test(
  "killed in a training, in a reconstruction and in a quantization-aware training, it ends with the same figures",
  async () => {
    const random = new Random(3);
    // What a run has written when it is in the middle of its work.
    const moments = [
      `${FLOAT}/work/checkpoint.safetensors`,
      `${RECONSTRUCTED}/reconstruction.state`,
      `${TRAINED}/work/log.csv`,
    ];
    for (const moment of moments) {
      const child = start(["study", "run", "smoke", "--out", "killed", "--quiet"], { stdio: "ignore" });
      const ended = once(child, "close");
      while (!existsSync(join(folder, "killed/runs", moment)) && child.exitCode === null) await sleep(50);
      expect(child.exitCode).toBeNull();
      await sleep(random.integer(1000));
      child.kill("SIGKILL");
      await ended;
    }
    expect(await subbyte("study", "run", "smoke", "--out", "killed", "--quiet")).toMatchObject({ status: 0 });
    expect(await merged("killed")).toEqual(straight);
  },
  60 * MINUTES,
);
