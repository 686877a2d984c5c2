/**
 * Measures the processor time of `subbyte --version` beyond that of Node itself, and fails if it is too much: a command
 * that prints a version must not load ONNX Runtime or image libraries, which alone take 400 ms. The limit is 150 ms if
 * Node itself takes 40 ms. If Node takes longer, because the machine is slow or busy, the limit grows with it.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const LIMIT = 150;
const NODE = 40;
const TURNS = 11;
const program = join(import.meta.dirname, "../packages/cli/dist/main.js");

/** Processor time of a child process, user and system, in milliseconds. */
function cpuOf(...args) {
  const timed = spawnSync("/bin/sh", ["-c", `"$0" "$@" > /dev/null; times`, process.execPath, ...args], {
    encoding: "utf8",
  });
  if (timed.status !== 0) throw new Error(`${args.join(" ")}: ${timed.stderr}`);
  // The second line holds the children's times: 0m0.054s 0m0.012s
  const [, children] = timed.stdout.trim().split("\n");
  return children
    .split(" ")
    .map((time) => /(\d+)m([\d.]+)s/.exec(time))
    .reduce((sum, [, minutes, seconds]) => sum + 60_000 * Number(minutes) + 1000 * Number(seconds), 0);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const turns = Array.from({ length: TURNS }, () => [cpuOf("-e", "0"), cpuOf(program, "--version")]);
const [node, version] = [0, 1].map((i) => median(turns.map((turn) => turn[i])));
const extra = version - node;
const limit = LIMIT * Math.max(1, node / NODE);
console.log(
  `node ${node.toFixed(0)} ms, subbyte --version ${version.toFixed(0)} ms of CPU time: ${extra.toFixed(0)} ms more (limit ${limit.toFixed(0)})`,
);
process.exitCode = extra <= limit ? 0 : 1;
