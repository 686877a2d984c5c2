/** Quantization-aware training through the built command, on a tiny network: chains that are killed, runs that diverge or go on. */
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "@subbyte/toolkit";
import { type QatTaskResult, type TaskEvent, trainQuantizedModel } from "@subbyte/toolkit/tasks";
import { beforeAll, describe, expect, test } from "vitest";
import { folder, start, subbyte } from "../test/subbyte.js";

const checkpoint = join(folder, "float/best.safetensors");
const tiny = "--data mnist --limit 300 --batch 32 --calibration-images 16 --threads 1";

beforeAll(async () => {
  const train = "train --arch resnet8 --data mnist --limit 300 --batch 32 --epochs 2 --threads 1 --out float --quiet";
  expect(await subbyte(...train.split(" "))).toMatchObject({ status: 0, stderr: "" });
}, 300_000);

const qat = (options: string): string[] => `qat ${checkpoint} ${tiny} --json ${options}`.split(" ");

describe("a chain of bit widths", () => {
  const chain = "--bits 4,3 --epochs 2 --checkpoint-every 3";
  const files = ["w4a4.sbq", "w3a3.sbq"];

  test("killed at three moments and resumed gives the same files, bit for bit", async () => {
    const events: TaskEvent[] = [];
    const options = { data: "mnist", limit: 300, batch: 32, calibrationImages: 16, threads: 1, epochs: 2 } as const;
    const { stages } = await trainQuantizedModel(
      { ...options, model: checkpoint, bits: [4, 3], out: join(folder, "straight") },
      { emit: (event) => events.push(event) },
    );
    expect(stages.map(({ bits, out }) => [bits, out])).toEqual([
      [4, join(folder, "straight", files[0]!)],
      [3, join(folder, "straight", files[1]!)],
    ]);
    const epochs = events.flatMap((event) =>
      event.type === "phase" && event.phase === "training" ? [[event.bits, event.detail]] : [],
    );
    expect(epochs).toEqual([
      [4, "4 bits, epoch 1/2"],
      [4, "4 bits, epoch 2/2"],
      [3, "3 bits, epoch 1/2"],
      [3, "3 bits, epoch 2/2"],
    ]);

    const random = new Random(7);
    for (const [i, moment] of ["w4a4/checkpoint.safetensors", "w4a4.sbq", "w3a3/checkpoint.safetensors"].entries()) {
      const child = start(qat(`${chain} --out broken${i === 0 ? "" : " --resume"}`), { stdio: "ignore" });
      const ended = once(child, "close");
      while (!existsSync(join(folder, "broken", moment)) && child.exitCode === null) await sleep(20);
      expect(child.exitCode).toBeNull();
      await sleep(random.integer(300));
      child.kill("SIGKILL");
      await ended;
    }
    const resumed = await subbyte(...qat(`${chain} --out broken --resume`));
    expect(resumed.status).toBe(0);
    for (const name of files)
      expect(readFileSync(join(folder, "broken", name)).equals(readFileSync(join(folder, "straight", name)))).toBe(
        true,
      );
  }, 900_000);

  test.each([
    ["--bits 4,3 --weights 4", /--weights and --bits both give/],
    ["--bits 4,3 --activations 4", /--activations and --bits both give/],
    ["--bits 3,4", /does not decrease at 4/],
    ["--bits 9", /--bits \[9\]: it takes bit widths from 2 to 8/],
  ])("%s is refused", async (options, message) => {
    const { status, stderr } = await subbyte(...qat(`${options} --out refused`));
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});

test("a finished run goes on for more epochs", async () => {
  const options = "--weights 4 --activations 4 --out longer";
  expect((await subbyte(...qat(`${options} --epochs 1`))).status).toBe(0);
  const page = () => readFileSync(join(folder, "longer/report.html"), "utf8");
  expect(page()).toContain("Epochs: 1.");
  const again = await subbyte(...qat(`${options} --epochs 2 --resume`));
  expect(again.stderr).toMatch(/The finished run of 1 epoch goes on to 2 epochs/);
  const { stages, report } = JSON.parse(again.stdout) as QatTaskResult;
  expect(stages[0]!.history).toHaveLength(2);
  expect(report).toBe(join("longer", "report.html"));
  expect(page()).toContain("Epochs: 2.");
  for (const { layer } of stages[0]!.layers) expect(page()).toContain(layer);
}, 300_000);

test("a .sbq goes on from its own accuracy on the test images", async () => {
  const data = "--data mnist --limit 1000 --threads 1";
  const float = join(import.meta.dirname, "../../../models/mnist-float.onnx");
  const quantize = `quantize ${float} ${data} --weights 2 --activations 2 --method mse --force --out before.sbq`;
  expect((await subbyte(...quantize.split(" "))).status).toBe(0);
  const { top1 } = JSON.parse((await subbyte(...`evaluate before.sbq ${data} --json`.split(" "))).stdout);
  const { stdout } = await subbyte(...`qat before.sbq ${data} --batch 32 --epochs 4 --json --out from-sbq`.split(" "));
  const [stage] = (JSON.parse(stdout) as QatTaskResult).stages;
  expect(stage!.baselineTest!.top1).toBe(top1);
  expect(stage!.kept).toBe("trained");
  expect(stage!.test!.top1).toBeGreaterThan(top1);
  const page = readFileSync(join(folder, "from-sbq/report.html"), "utf8");
  expect(page).toContain(`${(100 * top1).toFixed(2)} % before training`);
}, 300_000);

test("a loss that is no longer finite exits 1, names the step and the tensor, and leaves the last good checkpoint", async () => {
  const diverging = "--weights 4 --activations 4 --lr 1e30 --schedule constant --checkpoint-every 1 --out diverged";
  const { status, stderr } = await subbyte(...qat(diverging));
  expect(status).toBe(1);
  expect(stderr).toMatch(/diverged in epoch 1 near step \d+: .*"\S+".*\(--lr 1e\+30\)/s);
}, 300_000);
