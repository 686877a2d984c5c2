/** @file Options that choose images and say how the network takes them. */

import { choice, flag, integer, numbers, text } from "./definition.js";

export const imageOptions = {
  data: text({
    group: "Images",
    help: '"mnist", a folder of class folders, the binary files of CIFAR-10, or a .tgz of these',
    placeholder: "source",
    example: "photos/",
  }),
  split: choice(["train", "test", "val"], {
    group: "Images",
    help: "part of the data",
    advanced: true,
    placeholder: "split",
  }),
  limit: integer({
    group: "Images",
    help: "use about this many images, with the same share of each class",
    unit: "images",
    placeholder: "n",
  }),
  size: integer({
    group: "Images",
    help: "height and width of the network's input",
    unit: "pixels",
    advanced: true,
    placeholder: "pixels",
  }),
  resizeTo: integer({
    group: "Images",
    help: "resize the shorter side to this, then crop the centre",
    unit: "pixels",
    advanced: true,
    placeholder: "pixels",
  }),
  fit: choice(["cover", "exact"], {
    group: "Images",
    help: "what to do with images of another size: cover resizes and crops them, exact refuses them",
    advanced: true,
    placeholder: "way",
    default: "cover",
  }),
  channelOrder: choice(["rgb", "bgr"], {
    group: "Images",
    help: "order of the color channels that a float network expects",
    advanced: true,
    placeholder: "order",
    default: "rgb",
  }),
  labelsMap: text({
    group: "Images",
    help: 'file that says which class of the model each class of the images is (docs/labels.md), or "order"',
    placeholder: "file",
  }),
  mean: numbers({
    group: "Images",
    help: "mean per channel (red, green, blue), for pixels from 0 to 1",
    placeholder: "list",
    example: "0.485,0.456,0.406",
  }),
  std: numbers({
    group: "Images",
    help: "standard deviation per channel, for pixels from 0 to 1",
    placeholder: "list",
    example: "0.229,0.224,0.225",
  }),
  splitSeed: integer({
    group: "Images",
    help: "seed that splits a folder without train and test folders",
    min: 0,
    advanced: true,
    placeholder: "n",
    default: 0,
  }),
  skipBadImages: flag({
    group: "Images",
    help: "skip damaged images and count them",
    advanced: true,
    default: false,
  }),
} as const;
