import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** Builds y = x + x and runs it, as every float network runs. */
const program = `
  const { GraphBuilder } = await import(${JSON.stringify(import.meta.resolve("@subbyte/graph"))});
  const { createSession } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../dist/runtime/session.js")).href)});
  const g = new GraphBuilder("sum");
  const x = g.input("x", "float32", [2]);
  g.output(g.op("Add", [x, x]));
  const session = await createSession(g.build(), { threads: 1 });
  const [y] = Object.values(await session.run({ x: { dtype: "float32", shape: [2], data: new Float32Array([1, 2]) } }));
  console.log(y.data.join());
  await session.release();
`;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "subbyte-home-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const environment = () => {
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...rest } = process.env;
  return { ...rest, HOME: home };
};
const run = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { env: environment(), encoding: "utf8", timeout: 50_000 });
const node = ["--input-type=module", "-e", program];

describe("running a float network", () => {
  it("leaves nothing in the home folder", () => {
    const { stdout, stderr } = run(process.execPath, node);
    expect(stdout, stderr).toBe("2,4\n");
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  });

  const hasStrace = spawnSync("strace", ["-V"]).error === undefined;
  it.skipIf(!hasStrace)("opens no connection (needs strace)", () => {
    const log = join(home, "connections");
    const { stdout, stderr } = run("strace", ["-f", "-e", "trace=connect", "-o", log, process.execPath, ...node]);
    expect(stdout, stderr).toBe("2,4\n");
    expect(readFileSync(log, "utf8").match(/AF_INET6?/g)).toBeNull();
  });
});
