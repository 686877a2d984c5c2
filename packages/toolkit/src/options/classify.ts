/** @file Options for classifying single images. */

import { integer, texts } from "./definition.js";

export const classifyOptions = {
  images: texts({
    group: "Images",
    help: "photographs: files, or folders of them",
    placeholder: "photos",
    example: "photo.jpg",
  }),
  top: integer({
    group: "Output",
    help: "number of classes to show per image",
    placeholder: "n",
    default: 5,
  }),
} as const;
