/** @file What can be said of the documentation without running it. `documents.long.test.ts` runs its code blocks. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { blocksOf, documents, root, textOf } from "./blocks.js";

/** Headings as a page's anchors, by GitHub's rule. */
const anchorsOf = (text: string): readonly string[] =>
  [...text.replaceAll(/```.*?```/gs, "").matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

describe.each(documents)("%s", (document) => {
  const text = textOf(document);
  const blocks = blocksOf(document, text);

  it("has links that lead somewhere", () => {
    const prose = text.replaceAll(/```.*?```/gs, "").replaceAll(/`[^`]*`/g, "");
    const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path, anchor] = target.split("#") as [string, string?];
        const file = path === "" ? document : join(dirname(document), path);
        if (!existsSync(join(root, file))) return true;
        return anchor !== undefined && file.endsWith(".md") && !anchorsOf(textOf(file)).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  it("says of each code block in which language it is, and why it is not run", () => {
    const languages = ["sh", "js", "ts", "html", "json", "yaml", "text", "python", "dockerfile"];
    const wrong = blocks.filter(
      ({ language, skip, file }) =>
        !languages.includes(language) ||
        skip === "" ||
        (["python", "dockerfile"].includes(language) && skip === undefined && file === undefined),
    );
    expect(wrong.map(({ line, language }) => `${document}:${line} ${language}`)).toEqual([]);
  });

  it.each(blocks.filter(({ language, skip }) => ["json", "yaml"].includes(language) && skip === undefined))(
    "line $line parses",
    ({ language, text: content }) => {
      expect((language === "json" ? JSON.parse : parse)(content)).toBeTypeOf("object");
    },
  );
});

describe.each(["graph", "engine", "toolkit", "server", "cli", "web"])("packages/%s", (name) => {
  const folder = join(root, "packages", name);
  const file = (path: string) => readFileSync(join(folder, path), "utf8");

  it("has a README, the licence, a description and keywords", () => {
    const { description, keywords, license } = JSON.parse(file("package.json"));
    expect(file("LICENSE")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
    expect(file("README.md")).toContain("## Where to go on");
    expect(description).not.toBe("");
    expect(keywords.length).toBeGreaterThan(3);
    expect(license).toBe("Apache-2.0");
  });
});

describe("the repository's habits", () => {
  const scriptsIn = (folder: string): readonly string[] => {
    const manifest = join(root, folder, "package.json");
    return existsSync(manifest) ? Object.keys(JSON.parse(readFileSync(manifest, "utf8")).scripts ?? {}) : [];
  };
  const ofHosting = readdirSync(join(root, ".github"), { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".yml"),
  );

  it.each([...documents, ".ci/run"])("%s names npm scripts that exist", (document) => {
    const named = [...textOf(document).matchAll(/npm run (?:-s |--silent )?([\w:]+)\b(?! -w)/g)].map(
      ([, name]) => name!,
    );
    // An example has scripts of its own.
    const scripts = [...scriptsIn("."), ...scriptsIn(dirname(document))];
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  });

  it.each(ofHosting)(".github/%s parses", (path) => {
    expect(parse(readFileSync(join(root, ".github", path), "utf8"))).toBeTypeOf("object");
  });

  it("hosted CI runs the checks of .ci/run", () => {
    const { jobs } = parse(readFileSync(join(root, ".github/workflows/ci.yml"), "utf8"));
    const steps: readonly { readonly run?: string }[] = jobs.checks.steps;
    expect(steps.map(({ run }) => run)).toContain(".ci/run");
  });
});
