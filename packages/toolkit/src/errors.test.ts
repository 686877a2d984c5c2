import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FormatError, InputError } from "@subbyte/engine";
import { ModelError } from "@subbyte/graph";
import { parseSync } from "vite";
import { describe, expect, test } from "vitest";
import { describeError } from "./error-report.js";
import { errorTables } from "./error-tables.js";
import { MachineError, UsageError } from "./errors.js";
import { httpStatusOf } from "./http-status.js";
import { isOption, taskNames } from "./options/index.js";

const packages = fileURLToPath(new URL("../../", import.meta.url));

interface Source {
  readonly path: string;
  /** Literal texts; in a template, "…" stands for each expression. */
  readonly strings: readonly string[];
  /** `new XError(…)`: the class and the literal texts in its first argument. */
  readonly errors: readonly { readonly name: string; readonly first: readonly string[] }[];
}

/** A node of the syntax tree, as ESTree describes it. */
interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly quasis?: readonly { readonly value: { readonly cooked: string } }[];
  readonly callee?: { readonly name?: string };
  readonly arguments?: readonly Node[];
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (value === null || typeof value !== "object") return;
  if ("type" in value) visit(value as Node);
  for (const child of Object.values(value)) walk(child, visit);
}

function stringsIn(tree: unknown): readonly string[] {
  const strings: string[] = [];
  walk(tree, ({ type, value, quasis }) => {
    if (type === "Literal" && typeof value === "string") strings.push(value);
    if (type === "TemplateLiteral") strings.push(quasis!.map(({ value: { cooked } }) => cooked).join("…"));
  });
  return strings;
}

function read(path: string): Source {
  const { program, errors: faults } = parseSync(path, readFileSync(join(packages, path), "utf8"));
  expect(faults).toEqual([]);
  const errors: { name: string; first: readonly string[] }[] = [];
  walk(program, ({ type, callee, arguments: given }) => {
    if (type === "NewExpression" && callee?.name?.endsWith("Error"))
      errors.push({ name: callee.name, first: stringsIn(given![0]) });
  });
  return { path, strings: stringsIn(program), errors };
}

/** The sources of the packages that throw coded errors, without tests and without the tables themselves. */
const sources = ["graph", "engine", "toolkit", "cli", "server"].flatMap((name) =>
  readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .filter((path) => !/error-codes|http-status|generated\.ts$/.test(path))
    .map((path) => read(`${name}/src/${path}`)),
);

/** The server is above the toolkit, so that its table cannot stand beside the others. */
const { serverErrors } = (await import(join(packages, "server/src/error-codes.ts"))) as {
  serverErrors: Readonly<Record<string, { readonly cause: string; readonly remedy: string }>>;
};
const tables = [...errorTables, { name: "ServerError", codes: serverErrors }];
const codes = tables.flatMap(({ codes }) => Object.keys(codes));

describe("the tables of codes", () => {
  test("each code has one meaning: it is in one table", () => {
    expect([...new Set(codes)]).toEqual(codes);
  });

  test("each code is used", () => {
    const all = new Set(sources.flatMap(({ strings }) => strings));
    expect(codes.filter((code) => !all.has(code))).toEqual([]);
  });

  test("each code that is thrown is listed in the table of its class", () => {
    const listed = new Map(tables.map(({ name, codes }) => [name, Object.keys(codes)]));
    const thrown = sources.flatMap(({ errors }) => errors.filter(({ name }) => listed.has(name)));
    expect(thrown.length).toBeGreaterThan(150);
    expect(thrown.filter(({ name, first }) => first.some((code) => !listed.get(name)!.includes(code)))).toEqual([]);
  });

  test("causes and remedies are sentences", () => {
    for (const { codes } of tables)
      for (const { cause, remedy } of Object.values(codes)) {
        expect(cause).toMatch(/^[A-Z`].*\.$/);
        expect(remedy).toMatch(/^[A-Z`].*\.$/);
      }
  });
});

/** Their plain errors are caught where they are thrown, or in a page or worker where no class is shared, and told as reasons. */
const reasons = new Set([
  "graph/src/onnx/reader.ts",
  "engine/src/host/protocol.ts",
  "engine/src/node/platform.ts",
  "server/src/compute/scheduler.ts",
  "toolkit/src/bench/page.ts",
  "toolkit/src/data/cache.ts",
  "toolkit/src/data/decode-bmp.ts",
  "toolkit/src/data/download-file.ts",
]);

test("a plain error says that the fault is ours", () => {
  const found = sources
    .filter(({ path }) => !reasons.has(path))
    .flatMap(({ path, errors }) =>
      errors
        .filter(({ name, first }) => /^(Range|Type)?Error$/.test(name) && !first[0]?.startsWith("internal: "))
        .map(({ first }) => `${path}: ${first[0]}`),
    );
  expect(found).toEqual([]);
});

describe("messages of graph, engine and toolkit", () => {
  /** The texts in `study/submit` are scripts, which consist of commands. */
  const library = sources.filter(
    ({ path }) => !/^(cli|server)\/|^toolkit\/src\/(report|testing|study\/submit)\//.test(path),
  );
  const found = (pattern: RegExp, isWrong: (match: string) => boolean = () => true) =>
    library.flatMap(({ path, strings }) =>
      strings
        .flatMap((text) => [...text.matchAll(pattern)].filter(([, match = ""]) => isWrong(match)))
        .map(([text]) => `${path}: ${text}`),
    );
  /** Flags of other programs. Reports are pages: their style sheets have custom properties. */
  const foreign =
    /^(headless|no-sandbox|disable-\w+(-\w+)*|no-first-run|experimental-wasm-[a-z-]+|js-flags|no-enable-avx-vnni|text)$/;

  test("name no flags and no commands", () => {
    expect(found(/(?<![\w-])--([a-z][\w-]*)/g, (flag) => !foreign.test(flag))).toEqual([]);
    expect(found(/subbyte (?:train|qat|quantize|evaluate|download|inspect|export|bench)\b/g)).toEqual([]);
  });

  test("name options and tasks that exist", () => {
    expect(found(/\bthe task `(\w+)`/gi, (name) => !taskNames.some((task) => task === name))).toEqual([]);
    expect(found(/(?<!\bthe task )`(\w+)`/gi, (name) => !isOption(name))).toEqual([]);
  });
});

describe("describeError", () => {
  test("keeps kind, code and data of ours", () => {
    const error = new ModelError("no-batch-norm", { graph: "net" }, "none");
    expect(describeError(error)).toEqual({
      kind: "model",
      code: "no-batch-norm",
      data: { graph: "net" },
      message: "none",
    });
    expect(describeError(error.inFile("net.onnx"))).toEqual({
      kind: "model",
      code: "no-batch-norm",
      data: { graph: "net", file: "net.onnx" },
      message: "net.onnx: none",
    });
  });

  test("names what the operating system says", () => {
    const error = Object.assign(new Error("ENOENT: no such file, open 'x'"), { code: "ENOENT", path: "x" });
    expect(describeError(error)).toMatchObject({ kind: "data", code: "path-not-found", data: { file: "x" } });
    expect(describeError(Object.assign(new Error("full"), { code: "ENOSPC" })).code).toBe("disk-full");
  });

  test("everything else is a fault of ours", () => {
    for (const thrown of [new Error("oops"), "oops", Object.assign(new Error("oops"), { code: "toString" })])
      expect(describeError(thrown)).toEqual({ kind: "internal", code: "internal", data: {}, message: "oops" });
  });
});

test("HTTP statuses: the request's fault is 4xx, ours 5xx", () => {
  const statuses = [
    [new UsageError("option-missing", { option: "data" }, "x"), 400],
    [new InputError("image-size", { found: 1, expected: 2 }, "x"), 422],
    [new FormatError("program-too-large", { field: "file", found: 2, limit: 1 }, "x"), 413],
    [new MachineError("disk-full", { file: "x", reason: "y" }, "x"), 507],
    [Object.assign(new Error(""), { code: "ENOENT" }), 404],
    [new DOMException("stop", "AbortError"), 499],
    [new Error("oops"), 500],
  ] as const;
  for (const [error, status] of statuses) expect(httpStatusOf(error)).toBe(status);
});
