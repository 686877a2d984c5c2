/** @file Converts names of timm's MobileNet-v2 (`mobilenetv2_100`) to torchvision's. Its ResNets have torchvision's names. */

/** Blocks of each stage. */
const STAGES = [1, 2, 3, 4, 3, 3, 1];
const LAST = STAGES.reduce((sum, count) => sum + count, 1);

/** The layers of a block in order; batch normalization i follows layer i. */
const SEPARABLE = ["conv_dw", "conv_pw"];
const INVERTED = ["conv_pw", "conv_dw", "conv_pwl"];

const ends: Readonly<Record<string, string>> = {
  conv_stem: "features.0.0",
  bn1: "features.0.1",
  conv_head: `features.${LAST}.0`,
  bn2: `features.${LAST}.1`,
};

/** The torchvision name, as the only one in a list; undefined if the name is not one of that network's. */
export function timmName(name: string): readonly string[] | undefined {
  const [, outer = "", parameter] = /^(.+)\.(\w+)$/.exec(name) ?? [];
  if (Object.hasOwn(ends, outer)) return [`${ends[outer]}.${parameter}`];
  const [, stage, block, layer = ""] = /^blocks\.(\d+)\.(\d+)\.(conv_pwl?|conv_dw|bn[123])$/.exec(outer) ?? [];
  if (stage === undefined) return undefined;
  const index = STAGES.slice(0, Number(stage)).reduce((sum, count) => sum + count, 1) + Number(block);
  const layers = index === 1 ? SEPARABLE : INVERTED;
  const isNorm = layer.startsWith("bn");
  const at = isNorm ? Number(layer[2]) - 1 : layers.indexOf(layer);
  if (at < 0 || at >= layers.length) return undefined;
  // Every layer but the last is followed by an activation, and forms a Sequential with it.
  const place = at === layers.length - 1 ? `${at + (isNorm ? 1 : 0)}` : `${at}.${isNorm ? 1 : 0}`;
  return [`features.${index}.conv.${place}.${parameter}`];
}
