import { Agent, request } from "node:http";
import { expect, test } from "vitest";
import { modelFolder, testModel, testServer, until } from "../test/models.js";

const body = JSON.stringify({
  inputs: [
    { name: "input", shape: [1, 3, 8, 8], datatype: "FP32", data: Array.from({ length: 192 }, (_, i) => i / 192) },
  ],
});

/** One request on a connection that is kept; its status, and whether the server asked to close. */
function infer(port: number, agent: Agent): Promise<{ readonly status: number; readonly closes: boolean }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port,
        agent,
        method: "POST",
        path: "/v2/models/a/infer",
        headers: { "content-length": Buffer.byteLength(body) },
      },
      (response) => {
        response
          .resume()
          .on("end", () => resolve({ status: response.statusCode!, closes: response.headers.connection === "close" }));
      },
    );
    sent.on("error", reject).end(body);
  });
}

test("a stop under load: every request that was sent is answered, readiness falls, then nothing listens", async () => {
  const server = await testServer({ models: modelFolder({ "a.sbq": testModel(1) }), workers: 2 });
  let answered = 0;
  const failures: unknown[] = [];
  const clients = Array.from({ length: 16 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (;;) {
      const result = await infer(server.port, agent).catch((error: unknown) => {
        failures.push(error);
        return { status: 0, closes: true };
      });
      if (result.status === 200) answered++;
      else failures.push(result.status);
      if (result.closes) break;
    }
    agent.destroy();
  });
  await until(() => answered > 40);
  const closed = server.close();
  expect(server.isReady).toBe(false);
  await Promise.all(clients);
  await closed;
  expect(failures).toEqual([]);
  await expect(infer(server.port, new Agent())).rejects.toThrow(/ECONNREFUSED/);
});
