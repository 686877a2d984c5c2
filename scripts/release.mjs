/**
 * Prepares a release: `npm run release -- [--set 0.2.0] [--dry-run] [--out dist/release]`.
 *
 * Checks that the versions of all packages are in step, that CHANGELOG.md has a section for the version and that the tree is
 * committed, runs `.ci/run`, packs the tarballs, and prints the commands that publish them. It publishes nothing itself.
 * `--set` first writes a new version into every package and into the changelog's heading; commit that, and run again.
 * `--dry-run` only checks the versions and packs.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    set: { type: "string" },
    "dry-run": { type: "boolean", default: false },
    out: { type: "string", default: join(root, "dist/release") },
  },
});

const manifestPath = (name) => join(root, "packages", name, "package.json");
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const all = ["graph", "engine", "toolkit", "server", "cli", "web"];
const isOurs = (name) => name === "subbyte" || name.startsWith("@subbyte/");
const dependencyKinds = ["dependencies", "devDependencies", "peerDependencies"];
const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], ...options });

function stop(message) {
  console.error(message);
  process.exit(1);
}

function setVersion(version) {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) stop(`--set takes a version such as 1.2.0, got ${version}`);
  for (const name of all) {
    const manifest = read(manifestPath(name));
    manifest.version = version;
    for (const kind of dependencyKinds)
      for (const dependency of Object.keys(manifest[kind] ?? {}))
        if (isOurs(dependency)) manifest[kind][dependency] = version;
    writeFileSync(manifestPath(name), `${JSON.stringify(manifest, null, 2)}\n`);
  }
  const changelog = join(root, "CHANGELOG.md");
  const heading = `## [${version}] - ${new Date().toISOString().slice(0, 10)}`;
  const text = readFileSync(changelog, "utf8");
  if (!text.includes(`## [${version}]`))
    writeFileSync(changelog, text.replace("## [Unreleased]\n", `## [Unreleased]\n\n${heading}\n`));
  run("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]);
  console.log(`version ${version} is set; look at the changes, commit them, and run npm run release`);
}

/** The version of all packages. Ends the script if they, or their dependencies on each other, differ. */
function versionInStep() {
  const { version } = read(manifestPath("cli"));
  const faults = all.flatMap((name) => {
    const manifest = read(manifestPath(name));
    const asked = dependencyKinds
      .flatMap((kind) => Object.entries(manifest[kind] ?? {}))
      .filter(([each]) => isOurs(each));
    return [[manifest.name, manifest.version], ...asked.map(([each, range]) => [`${manifest.name} → ${each}`, range])]
      .filter(([, found]) => found !== version)
      .map(([place, found]) => `${place} has ${found}`);
  });
  if (faults.length > 0) stop(`versions differ from ${version} of subbyte: ${faults.join("; ")}`);
  return version;
}

function checkAll(version) {
  if (run("git", ["status", "--porcelain"]).trim() !== "") stop("there are changes that are not committed");
  if (!readFileSync(join(root, "CHANGELOG.md"), "utf8").includes(`## [${version}]`))
    stop(`CHANGELOG.md has no section for ${version}: npm run release -- --set ${version}`);
  run(join(root, ".ci/run"), [], { stdio: "inherit" });
}

if (values.set !== undefined) setVersion(values.set);
else {
  const version = versionInStep();
  if (!values["dry-run"]) checkAll(version);
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const tarballs = all
    .filter((name) => !read(manifestPath(name)).private)
    .map((name) => {
      const packed = run("npm", ["pack", "--json", "--pack-destination", out], { cwd: join(root, "packages", name) });
      const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(packed);
      const inMb = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
      console.log(`${filename}: ${inMb(size)}, unpacked ${inMb(unpackedSize)}, ${entryCount} files`);
      return join(out, filename);
    });
  console.log(values["dry-run"] ? "\nwould be published by:" : "\npublish in this order:");
  for (const tarball of tarballs) console.log(`  npm publish --access public ${tarball}`);
  if (!values["dry-run"]) console.log(`  git tag v${version} && git push origin v${version}`);
}
