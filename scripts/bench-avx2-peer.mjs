/**
 * Runs `subbyte bench --engine` against an onnxruntime-node that uses AVX2 only, as on most desktops. With AVX-512 and
 * VNNI its kernels are two to three times as fast, while WebAssembly has vectors of 128 bits everywhere. The script
 * patches a copy of its library in the three places that ask the processor for its features. The installed library stays
 * as it is, and onnxruntime-web is not affected. Linux on x64 only.
 *
 *   npm run --silent build && node scripts/bench-avx2-peer.mjs [options of subbyte bench]
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const out = join(root, "results", "engine-speed-avx2-peer.json");
const LIBRARY = "libonnxruntime.so.1";

/** Machine code that asks for a feature, and the code that replaces it. Each must occur exactly once. */
const questions = [
  {
    // xor ecx, ecx; xgetbv; mov eax, eax; shl rdx, 32 → mov al, 7: the system keeps XMM and YMM registers, no ZMM
    what: "MLAS: registers that the system keeps",
    code: "31c9 0f01d0 89c0 48c1e220",
    changed: "31c9 b00790 89c0 48c1e220",
  },
  {
    what: "CPUIDInfo: registers that the system keeps",
    code: "31c9 0f01d0 89fa 4489c7",
    changed: "31c9 b00790 89fa 4489c7",
  },
  {
    // mov eax, 7; mov ecx, 1; cpuid; test al, 16 → test al, 0: no AVX-VNNI
    what: "MLAS: AVX-VNNI",
    code: "b807000000 b901000000 0fa2 a810",
    changed: "b807000000 b901000000 0fa2 a800",
  },
];
const bytes = (hexadecimal) => Buffer.from(hexadecimal.replaceAll(" ", ""), "hex");

const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const library = readFileSync(join(folder, "bin", "napi-v6", "linux", "x64", LIBRARY));
for (const { what, code, changed } of questions) {
  const at = library.indexOf(bytes(code));
  if (at === -1 || library.indexOf(bytes(code), at + 1) !== -1)
    throw new Error(
      `onnxruntime-node ${version}: the place "${what}" does not occur exactly once; look for its code again`,
    );
  bytes(changed).copy(library, at);
}

const temporary = mkdtempSync(join(tmpdir(), "subbyte-avx2-peer-"));
try {
  writeFileSync(join(temporary, LIBRARY), library);
  const { status } = spawnSync(
    process.execPath,
    [join(root, "packages/cli/dist/main.js"), "bench", "--engine", "--results", out, ...process.argv.slice(2)],
    // The system searches this folder before the one that the binding names.
    { stdio: "inherit", env: { ...process.env, LD_LIBRARY_PATH: temporary } },
  );
  if (status !== 0) process.exit(status ?? 1);
} finally {
  rmSync(temporary, { recursive: true });
}
const record = JSON.parse(readFileSync(out, "utf8"));
const { command, ...others } = record;
const peer = {
  library: `${LIBRARY} of onnxruntime-node ${version}, told that there is neither AVX-512 nor AVX-VNNI`,
  sha256: createHash("sha256").update(library).digest("hex"),
};
const own = ["node", relative(root, import.meta.filename), ...process.argv.slice(2)].join(" ");
writeFileSync(out, `${JSON.stringify({ command: own, peer, ...others }, null, 2)}\n`);
