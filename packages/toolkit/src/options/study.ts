/** @file Options of studies: the study, its runs, and the sources of a report. */

import * as v from "valibot";
import { choice, fileSize, fittingText, flag, integer, numbers, text, texts } from "./definition.js";
import { clusterSystems } from "./facts.js";

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
    help: "base folder of the study's paths to images and models; by default the folder of its file",
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
      help: "execute only the runs with these numbers, and the runs that they depend on",
      placeholder: "list",
      example: "12",
    },
    wholeNumber,
    "whole numbers from 0 up, separated by commas",
  ),
  requireNeeds: flag({
    group: "Study",
    help: "with `index`: if a run that is needed first is not finished, fail instead of executing it",
    advanced: true,
    default: false,
  }),
  jobs: integer({ group: "Study", help: "number of runs at the same time", placeholder: "n", default: 1 }),
  replan: flag({
    group: "Study",
    help: "continue although the study has changed; unchanged runs keep their results",
    default: false,
  }),
  watch: flag({ group: "Study", help: "update the state every two seconds until all runs are done", default: false }),
  on: choice(clusterSystems, {
    group: "Study",
    help: "cluster system that executes the runs",
    placeholder: "system",
    example: "slurm",
  }),
  apply: flag({ group: "Study", help: "submit the jobs, instead of only writing their files", default: false }),
  parallel: integer({
    group: "Study",
    help: "number of tasks of one array that run at the same time; unlimited by default",
    placeholder: "n",
  }),
  retries: integer({
    group: "Study",
    help: "number of retries of a failed task",
    min: 0,
    placeholder: "n",
    default: 2,
  }),
  packMinutes: integer({
    group: "Study",
    help: "short runs share a task up to this expected duration; 0 gives each run its own task",
    unit: "minutes",
    min: 0,
    placeholder: "minutes",
    default: 30,
  }),
  memory: fileSize({
    group: "Study",
    help: "memory of a task; by default estimated from finished runs",
    placeholder: "size",
    example: "4GB",
  }),
  minutes: integer({
    group: "Study",
    help: "time limit of a task; by default estimated from finished runs",
    unit: "minutes",
    placeholder: "minutes",
  }),
  program: text({
    group: "Study",
    help: "command that starts subbyte on the cluster; by default that of this machine or of the image",
    advanced: true,
    placeholder: "command",
  }),
  image: text({
    group: "Study",
    help: "container image of the pods, built from deploy/Dockerfile with ONNX=1",
    placeholder: "image",
    example: "registry.example/subbyte:1",
  }),
  volume: fittingText(/^[a-z0-9][-.a-z0-9]*:\/[^:]*$/, "a text of the form claim:/folder", {
    group: "Study",
    help: "persistent volume claim, and its folder on this machine and in the pods",
    placeholder: "claim:folder",
    example: "work:/mnt/work",
  }),
  namespace: text({
    group: "Study",
    help: "namespace of the Jobs (default: default)",
    advanced: true,
    placeholder: "name",
  }),
  serviceAccount: text({
    group: "Study",
    help: "service account of the merge, which must be able to list and patch Jobs; by default one is created",
    advanced: true,
    placeholder: "name",
  }),
  afterJobs: text({
    group: "Study",
    help: "in a pod: first start each Job of this submission when those before it have ended, and wait for all",
    advanced: true,
    placeholder: "submission",
  }),
  with: texts({
    group: "Study",
    help: "further studies for the report: folders, or files from study merge",
    placeholder: "list",
  }),
} as const;
