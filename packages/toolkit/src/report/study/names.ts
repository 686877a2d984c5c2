/** @file Names of networks and data sets as people write them. A study's file may use other names; these stay as they are. */

const networks: readonly (readonly [RegExp, string])[] = [
  [/^resnet[-_]?(\d+)$/i, "ResNet-$1"],
  [/^mobilenet[-_]?v(\d)$/i, "MobileNet-v$1"],
  [/^mobilenet[-_]?v(\d)[-_](\d+(?:\.\d+)?)$/i, "MobileNet-v$1 $2"],
];

const dataSets: readonly (readonly [RegExp, string])[] = [
  [/^cifar[-_]?(\d+)$/i, "CIFAR-$1"],
  [/^mnist$/i, "MNIST"],
  [/^imagenette$/i, "Imagenette"],
  [/^imagenette[-_](\d+)$/i, "Imagenette at $1 pixels"],
];

function named(name: string, known: readonly (readonly [RegExp, string])[]): string {
  for (const [pattern, text] of known) if (pattern.test(name)) return name.replace(pattern, text);
  return name;
}

/**
 * A network with its data set, such as `ResNet-18 on CIFAR-10`.
 *
 * @param network  its name in the study, such as `resnet18`
 * @param data  name of the data set in the study, such as `cifar10`
 */
export const caseTitle = (network: string, data: string): string =>
  `${named(network, networks)} on ${named(data, dataSets)}`;
