/** @file Options of studies: which one, which of its runs, and what a report is drawn from. */

import * as v from "valibot";
import { choice, fileSize, fittingText, flag, integer, numbers, text, texts } from "./definition.js";
import { engines } from "./facts.js";

const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(0));

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
  index: numbers(
    {
      group: "Study",
      help: "numbers of the only runs to do; the runs that they need are done first",
      placeholder: "list",
      example: "12",
    },
    wholeNumber,
    "whole numbers from 0 up, separated by commas",
  ),
  requireNeeds: flag({
    group: "Study",
    help: "with index: fail where a run that is needed is not finished, instead of doing it first",
    advanced: true,
    default: false,
  }),
  jobs: integer({ group: "Study", help: "runs side by side", placeholder: "n", default: 1 }),
  replan: flag({
    group: "Study",
    help: "go on although the study has changed; runs that are the same keep their results",
    default: false,
  }),
  watch: flag({ group: "Study", help: "show the state anew every other second until all is done", default: false }),
  on: choice(engines, { group: "Study", help: "what does the runs", placeholder: "engine", example: "slurm" }),
  apply: flag({ group: "Study", help: "submit what was written", default: false }),
  parallel: integer({
    group: "Study",
    help: "tasks of one array at once; as many as there is room for by default",
    placeholder: "n",
  }),
  retries: integer({ group: "Study", help: "further attempts of a task", min: 0, placeholder: "n", default: 2 }),
  packMinutes: integer({
    group: "Study",
    help: "short runs share a task of so many expected minutes; 0: a task for each run",
    unit: "minutes",
    min: 0,
    placeholder: "minutes",
    default: 30,
  }),
  memory: fileSize({
    group: "Study",
    help: "memory of a task; by default more than finished runs like its own took",
    placeholder: "size",
    example: "4GB",
  }),
  minutes: integer({
    group: "Study",
    help: "time limit of a task; by default more than finished runs like its own took",
    unit: "minutes",
    placeholder: "minutes",
  }),
  program: text({
    group: "Study",
    help: "start of a command line that starts subbyte there; that of this machine or of the image by default",
    advanced: true,
    placeholder: "command",
  }),
  image: text({
    group: "Study",
    help: "image of the pods, as deploy/Dockerfile builds it with ONNX=1",
    placeholder: "image",
    example: "registry.example/subbyte:1",
  }),
  volume: fittingText(/^[a-z0-9][-.a-z0-9]*:\/[^:]*$/, "a text of the form claim:/folder", {
    group: "Study",
    help: "claim of the shared volume, and the folder that it is here and in the pods",
    placeholder: "claim:folder",
    example: "work:/mnt/work",
  }),
  namespace: text({
    group: "Study",
    help: "namespace of the Jobs; default by default",
    advanced: true,
    placeholder: "name",
  }),
  serviceAccount: text({
    group: "Study",
    help: "account for the merge that may list and patch Jobs; one is made by default",
    advanced: true,
    placeholder: "name",
  }),
  afterJobs: text({
    group: "Study",
    help: "in a pod: first wait for the Jobs of this submission, and resume those that wait for others",
    advanced: true,
    placeholder: "submission",
  }),
  with: texts({
    group: "Study",
    help: "other studies whose results join the report: folders, or files that study merge wrote",
    placeholder: "list",
  }),
} as const;
