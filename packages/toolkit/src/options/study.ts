/** @file Options of studies: which one, which of its runs, and what a report is drawn from. */

import * as v from "valibot";
import { flag, integer, text, texts } from "./definition.js";

export const studyOptions = {
  study: text({
    group: "Study",
    help: "a built-in study, or a YAML or JSON file of one",
    placeholder: "study",
    example: "smoke",
  }),
  files: text({
    group: "Study",
    help: "folder that paths of the study to images and models begin at; that of the study's file by default",
    placeholder: "folder",
    example: "../shared",
  }),
  imports: texts(
    {
      group: "Study",
      help: "finished networks: network/data=file, or network/data/method/bits/seed=file.sbq",
      placeholder: "list",
      example: "resnet18/cifar10=best.safetensors",
    },
    v.pipe(v.string(), v.regex(/^[^/=]+\/[^/=]+(\/[^/=]+\/[^/=]+\/\d+)?=.+$/)),
    "texts of the form network/data=file or network/data/method/bits/seed=file",
  ),
  index: integer({
    group: "Study",
    help: "number of the only run to do; the runs that it needs are done first",
    min: 0,
    placeholder: "n",
  }),
  jobs: integer({ group: "Study", help: "runs side by side", placeholder: "n", default: 1 }),
  replan: flag({
    group: "Study",
    help: "go on although the study has changed; runs that are the same keep their results",
    default: false,
  }),
  watch: flag({ group: "Study", help: "show the state anew every other second until all is done", default: false }),
  with: texts({
    group: "Study",
    help: "other studies whose results join the report: folders, or files that study merge wrote",
    placeholder: "list",
  }),
} as const;
