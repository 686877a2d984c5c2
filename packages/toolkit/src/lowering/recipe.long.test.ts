/** @file The recipe for an integer operator: what the compiler says when one is added to the engine's list and nowhere else. */

import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../../..");
/** Where the tables of operators stand. */
const files = [
  "engine/src/kernels/emit/index.ts",
  "engine/src/operators/parameters.ts",
  "engine/src/program/check.ts",
  "toolkit/src/lowering/operators/index.ts",
  "toolkit/src/simulation/operators/index.ts",
];

const invented = `
interface InventedOperator { readonly op: "invented"; readonly name: string; readonly input: number; readonly output: number }
const invented: OperatorDefinition<InventedOperator> = {
  fields: { input: { kind: "tensor" }, output: { kind: "tensor" } },
  inputs: ({ input }) => [input],
  check() {},
  workingMemory: () => ({ keptBytes: 0, scratchBytes: 0 }),
  prepare: () => () => {},
};
`;

const place = "engine/src/operators/index.ts";
let copy: string;
let list: string;

/** The sources of both packages, as the compiler finds them with one line changed. */
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "subbyte-recipe-"));
  for (const name of ["engine", "toolkit"])
    await cp(join(root, "packages", name, "src"), join(copy, name, "src"), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  await writeFile(join(copy, "package.json"), '{ "type": "module" }');
  const paths = {
    "@subbyte/engine": ["./engine/src/index.ts"],
    "@subbyte/engine/errors": ["./engine/src/error-reference.ts"],
    "#platform": ["./engine/src/worker/platform.ts"],
  };
  const { compilerOptions } = JSON.parse(await readFile(join(root, "tsconfig.base.json"), "utf8"));
  const own = {
    noEmit: true,
    composite: false,
    incremental: false,
    lib: ["es2023", "dom", "dom.iterable"],
    types: ["node"],
    paths,
  };
  const config = { compilerOptions: { ...compilerOptions, ...own }, files };
  await writeFile(join(copy, "tsconfig.json"), JSON.stringify(config));
  list = await readFile(join(copy, place), "utf8");
});
afterAll(() => rm(copy, { recursive: true, force: true }));

const withOperator = (definition: string): string =>
  list.replace("export const operators = {", `${definition}\n$&\n  invented,`);

/** The compiler's errors about the tables if the engine's list of operators has this text. */
async function errorsWith(text: string): Promise<string[]> {
  await writeFile(join(copy, place), text);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, "-p", copy], { cwd: copy }).catch(
    (error: { readonly stdout: string }) => error,
  );
  return stdout.split("\n").filter((line) => [...files, place].some((file) => line.startsWith(`${file}(`)));
}

test("an operator that is in the engine's list alone does not compile, and the errors name every other place", async () => {
  expect(await errorsWith(list)).toEqual([]);
  const errors = await errorsWith(withOperator(invented));
  expect(new Set(errors.map((error) => error.split("(")[0]))).toEqual(
    new Set([
      "engine/src/kernels/emit/index.ts",
      "toolkit/src/lowering/operators/index.ts",
      "toolkit/src/simulation/operators/index.ts",
    ]),
  );
  for (const error of errors) expect(error).toContain("invented");
});

test("one without working memory, or with a field left out, does not compile", async () => {
  const without = async (part: string) => (await errorsWith(withOperator(invented.replace(part, "")))).join();
  expect(await without("workingMemory: () => ({ keptBytes: 0, scratchBytes: 0 }),")).toContain("workingMemory");
  expect(await without(', output: { kind: "tensor" }')).toContain("output");
});
