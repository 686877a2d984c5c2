/** @file Native code that crashes, as onnxruntime-node or libvips might: threads share the process, so that it ends, and is started again. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { classify, modelFolder, png, temporaryFolder, testModel } from "../test/models.js";
import { scriptWith } from "../test/threads.js";

const running: ChildProcess[] = [];
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

const server = pathToFileURL(createRequire(import.meta.url).resolve("@subbyte/server")).href;

/** A server in a process of its own, and where it listens. */
async function serverProcess(models: string, script: string): Promise<{ child: ChildProcess; url: string }> {
  const options = JSON.stringify({ models, port: 0, log: false, page: false, workers: 1, maxWait: 3_600_000 });
  const program = `const { startServer } = await import(${JSON.stringify(server)});
    const { url } = await startServer(${options}, { script: ${JSON.stringify(script)} });
    console.log(url);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  const [url] = (await once(createInterface(child.stdout!), "line")) as [string];
  return { child, url };
}

test("a crash of native code ends the process with its signal; started again, it serves", async () => {
  const models = modelFolder({ "a.sbq": testModel(1) });
  const marker = join(temporaryFolder(), "crash");
  // What the kernel does to a process that reads where nothing is.
  const script = scriptWith(`if (existsSync(${JSON.stringify(marker)})) process.kill(process.pid, "SIGSEGV");`);
  const image = await png(1);
  const { child, url } = await serverProcess(models, script);
  expect((await classify(url, "a", image)).status).toBe(200);
  writeFileSync(marker, "");
  const exit = once(child, "exit");
  await expect(classify(url, "a", image)).rejects.toThrow();
  expect(await exit).toEqual([null, "SIGSEGV"]);
  const again = await serverProcess(models, scriptWith(""));
  expect((await classify(again.url, "a", image)).status).toBe(200);
});
