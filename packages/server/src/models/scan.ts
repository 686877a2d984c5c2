/** @file Finds the models of a folder: `NAME.sbq`, `NAME.onnx`, or `NAME/VERSION/FILE` as in other servers. */

import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { ModelKind } from "../compute/protocol.js";

export interface FoundModel {
  readonly name: string;
  readonly version: string;
  readonly kind: ModelKind;
  readonly path: string;
  /** The `.json` file with preprocessing and labels, whether or not it exists. */
  readonly configPath: string;
  /** A text that changes whenever the file does. */
  readonly fingerprint: string;
}

/** A file in the folder that is not a model, with the reason. */
export interface Rejected {
  readonly name: string;
  readonly version: string;
  readonly reason: string;
}

export interface Scan {
  readonly found: readonly FoundModel[];
  readonly rejected: readonly Rejected[];
}

const kinds: Readonly<Record<string, ModelKind>> = { ".sbq": "sbq", ".onnx": "onnx" };
/** Names that are valid in a URL, a metric's label and a terminal. */
const legalName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** @throws the error of the file system if the folder itself cannot be read. */
export async function scanFolder(folder: string): Promise<Scan> {
  const found: FoundModel[] = [];
  const rejected: Rejected[] = [];
  const names = new Map<string, string>();
  const entries = (await readdir(folder, { withFileTypes: true })).sort(
    (a, b) => order(a) - order(b) || compare(a.name, b.name),
  );
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) continue;
    const isFolder = status.isDirectory();
    if (!isFolder && !(extname(entry.name) in kinds)) continue;
    const name = isFolder ? entry.name : entry.name.slice(0, -extname(entry.name).length);
    const models = isFolder
      ? await versionsOf(path, name)
      : [await modelFile(path, name, "1", join(folder, `${name}.json`))];
    if (models.length === 0) continue;
    const taken = names.get(name);
    if (!legalName.test(name))
      rejected.push({
        name,
        version: "",
        reason: "a model's name has letters, digits, dots, dashes and underscores only; rename it",
      });
    else if (taken !== undefined)
      rejected.push({
        name: entry.name,
        version: "",
        reason: `${taken} has the name "${name}" already; rename one of them`,
      });
    else {
      names.set(name, entry.name);
      found.push(...models.filter((model) => model !== undefined));
    }
  }
  return { found, rejected };
}

/** Sorts `.sbq` files before others, so that they keep a name that two files claim. */
const order = ({ name }: Dirent): number => (extname(name) === ".sbq" ? 0 : 1);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The models in `NAME/VERSION/`; names of versions are positive integers. */
async function versionsOf(folder: string, name: string): Promise<FoundModel[]> {
  const models: FoundModel[] = [];
  for (const version of await readdir(folder).catch(() => [])) {
    if (!/^[1-9]\d{0,9}$/.test(version)) continue;
    const files = (await readdir(join(folder, version)).catch(() => []))
      .filter((file) => extname(file) in kinds)
      .sort();
    const file = files.find((each) => each.startsWith("model.")) ?? files[0];
    if (file === undefined) continue;
    const model = await modelFile(join(folder, version, file), name, version, join(folder, "config.json"));
    if (model !== undefined) models.push(model);
  }
  return models.sort((a, b) => Number(a.version) - Number(b.version));
}

async function modelFile(
  path: string,
  name: string,
  version: string,
  configPath: string,
): Promise<FoundModel | undefined> {
  const fingerprints = await Promise.all([fingerprint(path), fingerprint(configPath)]);
  if (fingerprints[0] === undefined) return undefined;
  return { name, version, kind: kinds[extname(path)]!, path, configPath, fingerprint: fingerprints.join(" ") };
}

async function fingerprint(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined);
  return status?.isFile() ? `${status.ino}:${status.size}:${status.mtimeMs}` : undefined;
}
