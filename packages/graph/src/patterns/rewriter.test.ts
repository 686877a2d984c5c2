import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../ir/builder.js";
import { printGraph } from "../ir/printer.js";
import { float32 } from "../ir/tensor.js";
import type { Graph } from "../ir/types.js";
import { verify } from "../ir/verifier.js";
import { anyValue, constant, node, optional } from "./pattern.js";
import { type RewriteEvent, rewrite } from "./rewriter.js";
import { type Rule, skip } from "./rule.js";

/** Builds a graph of one input `x` of two elements. */
function graphOf(build: (g: GraphBuilder, x: string) => readonly string[]): Graph {
  const g = new GraphBuilder("g");
  for (const output of build(g, g.input("x", "float32", [2]))) g.output(output);
  return g.build();
}

const lines = (graph: Graph): string[] => {
  verify(graph);
  return printGraph(graph)
    .trim()
    .split("\n")
    .slice(1, -1)
    .map((line) => line.trim());
};

const x = anyValue();
const inner = node("Relu", [x]);

/** Relu(Relu(x)) → Relu(x) */
const doubleRelu: Rule = {
  name: "double-relu",
  match: node("Relu", [inner]),
  rewrite: (match, { node }) => node(match.node(inner), "Relu", [match.value(x)]),
};

/** Identity(x) → x */
const identity: Rule = { name: "identity", match: node("Identity", [x]), rewrite: (match) => match.value(x) };

const named = (name: string) => ({ name });

describe("matching", () => {
  test("rules apply until none does; the last value keeps its name, the node that of its origin", () => {
    const graph = graphOf((g, x) => {
      let y = x;
      for (const name of ["a", "b", "c", "d"]) y = g.op("Relu", [y], {}, named(name));
      return [y];
    });
    expect(lines(rewrite(graph, [doubleRelu]))).toEqual(["d = Relu(x)  # a"]);
  });

  test("nothing to do returns the same object", () => {
    const graph = graphOf((g, x) => [g.op("Relu", [x])]);
    expect(rewrite(graph, [doubleRelu, identity])).toBe(graph);
  });

  test("an inner value with another reader, or that is a graph output, is left alone", () => {
    const read = graphOf((g, x) => {
      const a = g.op("Relu", [x], {}, named("a"));
      return [g.op("Add", [a, g.op("Relu", [a], {}, named("b"))], {}, named("y"))];
    });
    expect(rewrite(read, [doubleRelu])).toBe(read);
    const output = graphOf((g, x) => {
      const a = g.op("Relu", [x], {}, named("a"));
      return [a, g.op("Relu", [a], {}, named("b"))];
    });
    expect(rewrite(output, [doubleRelu])).toBe(output);
  });

  test("a shared inner node stays for its other readers", () => {
    const shared = node("Relu", [x], { shared: true });
    const rule: Rule = {
      name: "shared",
      match: node("Neg", [shared]),
      rewrite: (match, { node }) => node(match.root, "NegRelu", [match.value(x)]),
    };
    const graph = graphOf((g, x) => {
      const a = g.op("Relu", [x], {}, named("a"));
      return [a, g.op("Neg", [a], {}, named("b"))];
    });
    expect(lines(rewrite(graph, [rule]))).toEqual(["a = Relu(x)", "b = NegRelu(x)"]);
  });

  test("a variable in two places must be the same value", () => {
    const rule: Rule = {
      name: "add-self",
      match: node("Add", [x, x]),
      rewrite: (match, { node }) => node(match.root, "Double", [match.value(x)]),
    };
    const graph = graphOf((g, x) => {
      const r = g.op("Relu", [x], {}, named("r"));
      return [g.op("Add", [r, r], {}, named("same")), g.op("Add", [r, x], {}, named("other"))];
    });
    expect(lines(rewrite(graph, [rule]))).toEqual(["r = Relu(x)", "same = Double(r)", "other = Add(r, x)"]);
  });

  test("commutative operators match in both orders, others in one", () => {
    const c = constant();
    const rule = (op: string, commutative: boolean): Rule => ({
      name: op,
      match: node(op, [node("Relu", [x]), c], { commutative }),
      rewrite: (match, { node }) => node(match.root, `Fused${op}`, [match.value(x), match.value(c)]),
    });
    const graph = graphOf((g, x) => {
      const relu = () => g.op("Relu", [x]);
      const one = g.scalar(1, "one");
      return [g.op("Add", [one, relu()], {}, named("a")), g.op("Sub", [one, relu()], {}, named("s"))];
    });
    const result = lines(rewrite(graph, [rule("Add", true), rule("Sub", false)]));
    expect(result[0]).toBe("a = FusedAdd(x, one: float32[] = [1])");
    expect(result.at(-1)).toMatch(/^s = Sub/);
  });

  test("optional inputs may be absent, constants must be constants, further inputs or outputs prevent a match", () => {
    const low = optional(constant());
    const rule: Rule = {
      name: "clip",
      match: node("Clip", [x, low]),
      rewrite: (match, { node }) => node(match.root, match.tensor(low) ? "Low" : "NoLow", [match.value(x)]),
    };
    const graph = graphOf((g, x) => {
      const one = g.scalar(1, "one");
      const [first, second] = g.node("Clip", [x], {}, { outputs: ["first", "second"], name: "two" });
      return [
        g.op("Clip", [x], {}, named("a")),
        g.op("Clip", [x, ""], {}, named("b")),
        g.op("Clip", [x, one], {}, named("c")),
        g.op("Clip", [x, x], {}, named("d")),
        g.op("Clip", [x, one, one], {}, named("e")),
        first!,
        second!,
      ];
    });
    expect(rewrite(graph, [rule]).nodes.map(({ op }) => op)).toEqual(["Clip", "NoLow", "NoLow", "Low", "Clip", "Clip"]);
  });
});

describe("redirecting", () => {
  test("readers of a removed node read its input, through chains", () => {
    const graph = graphOf((g, x) => {
      const i = g.op("Identity", [g.op("Identity", [x], {}, named("i"))], {}, named("j"));
      return [g.op("Relu", [i], {}, named("y"))];
    });
    expect(lines(rewrite(graph, [identity]))).toEqual(["y = Relu(x)"]);
  });

  test("a graph output keeps its name: the producer is renamed, for all its readers", () => {
    const graph = graphOf((g, x) => {
      const a = g.op("Relu", [x], {}, named("a"));
      return [g.op("Identity", [a], {}, named("y")), g.op("Neg", [a], {}, named("n"))];
    });
    expect(lines(rewrite(graph, [identity]))).toEqual(["y = Relu(x)  # a", "n = Neg(y)"]);
  });

  test("an input, a constant, or a second graph output cannot be renamed, so the node stays and says why", () => {
    const events: RewriteEvent[] = [];
    const graph = graphOf((g, x) => {
      const a = g.op("Relu", [x], {}, named("a"));
      const of = (value: string, name: string) => g.op("Identity", [value], {}, named(name));
      return [of(x, "fromInput"), of(g.scalar(1, "one"), "fromConstant"), of(a, "first"), of(a, "second")];
    });
    const result = rewrite(graph, [identity], { trace: (event) => events.push(event) });
    expect(lines(result)).toEqual([
      "first = Relu(x)  # a",
      "fromInput = Identity(x)",
      "fromConstant = Identity(one: float32[] = [1])",
      "second = Identity(first)",
    ]);
    expect(events.find(({ node }) => node.name === "fromInput")?.skipped).toMatch(
      /is a graph output, and "x" an input/,
    );
    expect(events.find(({ node }) => node.name === "first")).toMatchObject({ rule: "identity" });
    expect(events.find(({ node }) => node.name === "first")).not.toHaveProperty("skipped");
  });
});

describe("constants", () => {
  const w = constant();
  const halve: Rule = {
    name: "halve",
    match: node("Mul", [x, w]),
    rewrite: (match, context) => {
      const value = match.tensor(w).data[0] as number;
      if (value <= 1) return skip("small enough");
      return context.node(match.root, "Mul", [
        match.value(x),
        context.replaceConstant(match.value(w), float32([value / 2], [])),
      ]);
    },
  };

  test("a replaced constant keeps its name where nothing else reads it, and the old one goes", () => {
    const graph = graphOf((g, x) => [g.op("Mul", [x, g.scalar(4, "w")], {}, named("y"))]);
    const result = rewrite(graph, [halve]);
    expect([...result.tensors]).toEqual([["w", float32([1], [])]]);
    expect(graph.tensors.get("w")).toEqual(float32([4], []));
  });

  test("a shared constant is left to its other readers", () => {
    const graph = graphOf((g, x) => {
      const w = g.scalar(2, "w");
      return [g.op("Mul", [x, w], {}, named("y")), g.op("Add", [x, w], {}, named("z"))];
    });
    expect(lines(rewrite(graph, [halve]))).toEqual([
      "y = Mul(x, w_1: float32[] = [1])",
      "z = Add(x, w: float32[] = [2])",
    ]);
  });

  test("what a skipped rule built leaves no trace", () => {
    const rule: Rule = {
      name: "never",
      match: node("Relu", [x]),
      rewrite: (match, context) => {
        context.node(match.root, "Neg", [context.constant(float32([1]), "left")]);
        return skip("not today");
      },
    };
    const graph = graphOf((g, x) => [g.op("Relu", [x])]);
    expect(rewrite(graph, [rule])).toBe(graph);
  });
});

test("rules that undo each other are found out", () => {
  const swap = (from: string, to: string): Rule => ({
    name: `${from}-${to}`,
    match: node(from, [x]),
    rewrite: (match, { node }) => node(match.root, to, [match.value(x)]),
  });
  const graph = graphOf((g, x) => [g.op("Relu", [x])]);
  expect(() => rewrite(graph, [swap("Relu", "Neg"), swap("Neg", "Relu")])).toThrow(/internal: .*Relu-Neg.* for ever/);
});
