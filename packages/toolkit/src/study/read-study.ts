/** @file Reads a study's file: its structure, its options, its cells. All faults are reported at once, each with its line. */

import * as v from "valibot";
import { options } from "../options/index.js";
import { bitsBag, checkBag, dataBag, methodBag, nearest, networkBag, taskBag } from "./bags.js";
import { expandCells } from "./cells.js";
import {
  type Axis,
  axes,
  type Bag,
  type Cell,
  cellName,
  type ImportedModel,
  type LatencySettings,
  type Selector,
  type SettingTask,
  type StudyBits,
  type StudyDefinition,
  type StudyMethod,
  type StudySettings,
  selects,
  settingTasks,
} from "./definition.js";
import { LinedDocument, type ValuePath } from "./document.js";
import { type RawSelector, type RawStudy, studySchema } from "./study-schema.js";

export interface ReadStudy {
  readonly study: StudyDefinition;
  /** The document, which also collects the faults that are found. */
  readonly document: LinedDocument;
}

/**
 * @param text YAML or JSON
 * @param path of the file, for messages
 * @param imports in addition to those of the file
 * @throws {UsageError} if the text does not have the structure of a study, with every fault and its line. Other faults are left
 * in the document, so that they are reported together with those of the files
 */
export function readStudy(text: string, path: string, imports: RawStudy["imports"] = []): ReadStudy {
  const document = new LinedDocument(path, text);
  document.requireFaultless();
  const result = v.safeParse(studySchema, document.value);
  if (!result.success) {
    for (const issue of result.issues) document.fault(pathOf(issue), sentenceOf(issue));
    document.requireFaultless();
  }
  const raw = result.output as RawStudy;
  const study = new StudyReader(document, { ...raw, imports: [...(raw.imports ?? []), ...imports] }).read();
  return { study, document };
}

class StudyReader {
  constructor(
    readonly document: LinedDocument,
    readonly raw: RawStudy,
  ) {}

  read(): StudyDefinition {
    const { name, title = name, description = "", threads = 2 } = this.raw;
    const tasks = Object.fromEntries(settingTasks.map((task) => [task, this.#taskBag(task, [task])]));
    const bits = this.#bits();
    const base = {
      name,
      title,
      description,
      threads,
      networks: this.#bags("networks", networkBag),
      data: this.#bags("data", dataBag),
      methods: this.#methods(),
      bits,
      tasks: tasks as StudyDefinition["tasks"],
      latency: latencyOf(this.raw.latency),
    };
    this.#requireData();
    const known: Readonly<Record<Axis, readonly string[] | undefined>> = {
      network: Object.keys(base.networks),
      data: Object.keys(base.data),
      method: Object.keys(base.methods),
      bits: Object.keys(bits),
      seed: undefined,
    };
    const selector = (place: ValuePath, given: RawSelector) => this.#selector(place, given, known);
    const { matrix, include = [], exclude = [] } = this.raw;
    const cells = expandCells(this.document, known, {
      matrix: selector(["matrix"], matrix),
      include: include.map((each, i) => selector(["include", i], each)),
      exclude: exclude.map((each, i) => selector(["exclude", i], each)),
    });
    const settings = (this.raw.settings ?? []).map((each, i): StudySettings => {
      const where = selector(["settings", i, "where"], each.where);
      if (!cells.some((cell) => selects(where, cell)))
        this.document.fault(["settings", i, "where"], "these settings apply to no cell of the study.");
      const given = settingTasks.filter((task) => each[task] !== undefined);
      return {
        where,
        tasks: Object.fromEntries(
          given.map((task) => [task, checkBag(this.document, ["settings", i, task], each[task]!, taskBag(task))]),
        ),
      };
    });
    const study: StudyDefinition = { ...base, cells, settings, imports: this.#imports(cells) };
    this.#requireChains(study);
    this.#requireNetworks(study);
    return study;
  }

  #taskBag(task: SettingTask, place: ValuePath): Bag {
    return checkBag(this.document, place, this.raw[task] ?? {}, taskBag(task));
  }

  #bags(section: "networks" | "data", kind: typeof networkBag): Readonly<Record<string, Bag>> {
    return Object.fromEntries(
      Object.entries(this.raw[section]).map(([name, options]) => [
        name,
        checkBag(this.document, [section, name], options, kind),
      ]),
    );
  }

  #requireData(): void {
    for (const [name, options] of Object.entries(this.raw.data))
      if (!("data" in options))
        this.document.fault(["data", name], "`data` is missing: a folder, an archive or mnist.");
  }

  #methods(): Readonly<Record<string, StudyMethod>> {
    return Object.fromEntries(
      Object.entries(this.raw.methods).map(([name, { task, chain = false, ...options }]) => [
        name,
        { task, chain, options: checkBag(this.document, ["methods", name], options, methodBag(task)) },
      ]),
    );
  }

  /** The bit widths that the file defines, and those that its axes name as numbers or as `w4a8`. */
  #bits(): Readonly<Record<string, StudyBits>> {
    const named = Object.entries(this.raw.bits ?? {}).map(([name, given]): [string, StudyBits] => {
      const options = checkBag(this.document, ["bits", name], given, bitsBag);
      const position = options.avgBits ?? options.weights;
      return [name, { options, ...(position === undefined ? {} : { position: Number(position) }) }];
    });
    const found = new Map(named);
    const { matrix, include = [] } = this.raw;
    const places: readonly (readonly [ValuePath, RawSelector])[] = [
      [["matrix"], matrix],
      ...include.map((each, i): readonly [ValuePath, RawSelector] => [["include", i], each]),
    ];
    for (const [place, { bits = [] }] of places)
      for (const [i, value] of bits.entries()) {
        const name = bitsName(value);
        const [, weights, activations] = /^w(\d+)a(\d+)$/.exec(name) ?? [];
        if (found.has(name) || weights === undefined) continue;
        const options = { weights: Number(weights), activations: Number(activations) };
        // Faults are reported at the place of the entry.
        const checked = Object.entries(options).flatMap(([key, bitWidth]) =>
          Object.entries(checkBag(this.document, [...place, "bits", i], { [key]: bitWidth }, bitsBag)),
        );
        found.set(name, { options: Object.fromEntries(checked), position: options.weights });
      }
    return Object.fromEntries(found);
  }

  #imports(cells: readonly Cell[]): readonly ImportedModel[] {
    return (this.raw.imports ?? []).map(({ network, data, method, bits, seed = 0, file }, i) => {
      const place = ["imports", i];
      if (!(network in this.raw.networks)) this.#unknown([...place, "network"], "network", network);
      if (!(data in this.raw.data)) this.#unknown([...place, "data"], "data", data);
      if (method === undefined && bits === undefined) return { network, data, file };
      const cell = { method: method ?? "", bits: bitsName(bits ?? ""), seed };
      const name = cellName({ network, data, ...cell });
      if (!cells.some((each) => cellName(each) === name))
        this.document.fault(place, `${file} is imported for ${name}, which is not a cell of the study.`);
      return { network, data, cell, file };
    });
  }

  #unknown(place: ValuePath, axis: "network" | "data", name: string): void {
    const known = Object.keys(axis === "network" ? this.raw.networks : this.raw.data);
    this.document.fault(place, `there is no ${axisNoun[axis]} "${name}"; ${nearest(name, known)}`);
  }

  /** Checks chains, which train all layers at one bit width after the other. */
  #requireChains({ cells, methods, bits }: StudyDefinition): void {
    for (const [name, { task, chain }] of Object.entries(methods)) {
      if (chain && task !== "qat")
        this.document.fault(["methods", name, "chain"], "only quantization-aware training (qat) has chains.");
      const odd = cells.find((cell) => cell.method === name && chain && chainBits(bits[cell.bits]!) === undefined);
      if (odd !== undefined)
        this.document.fault(
          ["methods", name, "chain"],
          `a chain takes bit widths such as 4, the same for weights and activations and without other options; found ${odd.bits}.`,
        );
    }
  }

  /** Reads a selector; unknown names are faults and left out. */
  #selector(
    place: ValuePath,
    raw: RawSelector,
    known: Readonly<Record<Axis, readonly string[] | undefined>>,
  ): Selector {
    const given = axes.filter((axis) => raw[axis] !== undefined);
    return Object.fromEntries(
      given.map((axis) => {
        const values = raw[axis]!.map((value) => (axis === "bits" ? bitsName(value) : String(value)));
        const names = known[axis];
        if (names === undefined) return [axis, values];
        for (const [i, value] of values.entries())
          if (!names.includes(value) && !(axis === "bits" && isImpossible(value)))
            this.document.fault(
              [...place, axis, i],
              `there is no ${axisNoun[axis]} "${value}"; ${nearest(value, names)}`,
            );
        return [axis, values.filter((value) => names.includes(value))];
      }),
    );
  }

  /** Checks networks: one to be trained needs an architecture, and a finished one needs a file for each of its data sets. */
  #requireNetworks({ networks, cells, imports }: StudyDefinition): void {
    for (const name of Object.keys(networks)) {
      const { arch, model } = this.raw.networks[name]!;
      if (arch !== undefined || model !== undefined) continue;
      const lacking = new Set(
        cells
          .filter(({ network, data }) => network === name && !imports.some(isFloatOf(network, data)))
          .map(({ data }) => data),
      );
      if (lacking.size > 0)
        this.document.fault(
          ["networks", name],
          `"${name}" has neither \`arch\` nor \`model\`, and no entry in imports for ${[...lacking].join(", ")}.`,
        );
    }
  }
}

/** Whether an import is the float network of this case. */
export const isFloatOf =
  (network: string, data: string) =>
  (each: ImportedModel): boolean =>
    each.network === network && each.data === data && each.cell === undefined;

const axisNoun: Readonly<Record<Axis, string>> = {
  network: "network",
  data: "data set",
  method: "method",
  bits: "entry of bits",
  seed: "seed",
};

/** The bit width of an entry, if it is one that a chain can have. */
export function chainBits({ options: { weights, activations, ...others } }: StudyBits): number | undefined {
  return weights === activations && Object.keys(others).length === 0 ? (weights as number) : undefined;
}

/** 4 stands for `w4a4`. */
const bitsName = (value: string | number): string =>
  typeof value === "number" || /^\d+$/.test(value) ? `w${value}a${value}` : value;

/** Whether a bit width is refused in any case. */
const isImpossible = (name: string): boolean => /^w\d+a\d+$/.test(name);

function latencyOf(raw: RawStudy["latency"]): LatencySettings | undefined {
  if (raw === undefined || raw === false) return undefined;
  const { browser = false, turns = options.turns.default } = raw === true ? {} : raw;
  return { browser, turns };
}

const pathOf = ({ path }: v.BaseIssue<unknown>): ValuePath => (path ?? []).map(({ key }) => key as string | number);

function sentenceOf(issue: v.BaseIssue<unknown>): string {
  const { kind, expected, received } = issue;
  const key = pathOf(issue).at(-1) ?? "the file";
  if (expected === "never") return `"${key}" is not a key that is allowed here.`;
  if (received === "undefined") return `"${key}" is missing.`;
  return `"${key}" takes ${kind === "schema" || expected !== null ? expected : "another value"}, found ${received}.`;
}
