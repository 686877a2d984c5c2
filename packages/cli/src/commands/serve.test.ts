/** @file The command as an operator runs it: started, loaded, told to stop. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseOptions } from "@subbyte/toolkit/options";
import { afterAll, expect, test } from "vitest";
import { settingsOf } from "../../../server/src/options.js";
import { modelFolder, testModel } from "../../../server/test/models.js";
import { serverOptions } from "./serve.js";

const main = join(import.meta.dirname, "../../dist/main.js");
const running: ChildProcessWithoutNullStreams[] = [];
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

function subbyte(...args: string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [main, ...args]);
  running.push(child);
  return child;
}

const body = JSON.stringify({
  inputs: [{ name: "input", shape: [1, 8, 8, 3], datatype: "UINT8", data: Array.from({ length: 192 }, (_, i) => i) }],
});

/** One request on a connection that is kept. */
function infer(port: number, agent: Agent): Promise<{ readonly status: number; readonly closes: boolean }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-length": Buffer.byteLength(body) };
    request({ port, agent, method: "POST", path: "/v2/models/a/infer", headers }, (response) => {
      const { statusCode: status = 0, headers } = response;
      response.resume().on("end", () => resolve({ status, closes: headers.connection === "close" }));
    })
      .on("error", reject)
      .end(body);
  });
}

test("SIGTERM under load: every request that was sent is answered, and the status is 0", async () => {
  const folder = modelFolder({ "a.sbq": testModel(1) });
  const child = subbyte("serve", folder, "--port", "0", "--json", "--log-level", "warn");
  let printed = "";
  for await (const line of createInterface(child.stdout)) {
    printed += line;
    if (line === "}") break;
  }
  const { port, models } = JSON.parse(printed) as { port: number; models: string[] };
  expect(models).toEqual(["a"]);
  const failures: unknown[] = [];
  let answered = 0;
  const clients = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let closes = false; !closes; ) {
      try {
        const result = await infer(port, agent);
        closes = result.closes;
        if (result.status === 200) answered++;
        else failures.push(result.status);
      } catch (error) {
        failures.push(error);
        closes = true;
      }
      if (answered === 50) child.kill("SIGTERM");
    }
    agent.destroy();
  });
  const [status] = (await once(child, "exit")) as [number];
  await Promise.all(clients);
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThanOrEqual(50);
  expect(status).toBe(0);
});

test("a folder that is not there and a port that is taken are told in terms of options", async () => {
  const missing = subbyte("serve", "/nowhere/models", "--port", "0", "--quiet");
  let text = "";
  missing.stderr.on("data", (chunk) => {
    text += chunk;
  });
  expect((await once(missing, "exit"))[0]).toBe(2);
  expect(text).toContain("/nowhere/models");
});

test("the options' defaults are those of the server", () => {
  const { models, log, cors, modelTypes, workers, ...defaults } = settingsOf({ models: "models" });
  const given = serverOptions(parseOptions("serve", { models: "models" }));
  for (const [name, value] of Object.entries(given))
    if (name in defaults) expect([name, value]).toEqual([name, defaults[name as keyof typeof defaults]]);
});
