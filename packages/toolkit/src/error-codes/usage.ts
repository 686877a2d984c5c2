/** @file Codes of `UsageError`. */

import type { ErrorCodeTable } from "../error-facts.js";

export const usageErrors = {
  "command-line": {
    cause: "The command line has an unknown command or option, or lacks an argument.",
    remedy: "Correct it; --help lists commands and options.",
    data: ["reason"],
  },
  "option-value": {
    cause: "An option has a value outside its range.",
    remedy: "Give a value in the range that the message states.",
    data: ["option", "value", "expected"],
  },
  "option-choice": {
    cause: "An option names something that does not exist, such as an unknown architecture or method.",
    remedy: "Choose one of the values that the message lists.",
    data: ["option", "value", "allowed"],
  },
  "option-missing": {
    cause: "An option is needed and was not given.",
    remedy: "Give the option; the message has an example.",
    data: ["option"],
  },
  "option-unread": {
    cause: "An option was given to a command or task that does not read it.",
    remedy: "Leave it out, or give it to one that the message lists.",
    data: ["option", "task", "allowed"],
  },
  "device-missing": {
    cause: "The device that `device` names cannot be used: the machine has none, or a driver or library is missing.",
    remedy: "Install what the message names, or leave the option out, so that the CPU computes.",
    data: ["option", "value", "reason"],
  },
  "option-conflict": {
    cause: "Options that exclude each other were given together, or an option without the one that it needs.",
    remedy: "Leave one out, or add the missing one.",
    data: ["options"],
  },
  "option-mismatch": {
    cause: "An option contradicts what the model or the images say.",
    remedy: "Leave the option out, or use a model or images that fit it.",
    data: ["option", "value", "found"],
  },
  "toolkit-argument": {
    cause: "A function of the toolkit was called with an argument out of range.",
    remedy: "Pass a value in the range that the message states.",
    data: ["argument", "found", "expected"],
  },
  "invalid-policy": {
    cause: "The bit policy is malformed or does not fit the network's layers.",
    remedy: "Correct the entry that the message names.",
    data: ["reason"],
  },
  "invalid-labels": {
    cause: "The file of labels cannot be read, or names classes that the model does not have.",
    remedy: "Correct the entry that the message names.",
    data: ["reason"],
  },
  "invalid-config": {
    cause: "A file of options cannot be read, or has an option that the command does not know.",
    remedy: "Correct the file where the message points.",
    data: ["file", "reason"],
  },
  "budget-too-small": {
    cause: "No choice of bit widths stays within the budget.",
    remedy: "Raise the budget to at least what the message states.",
    data: ["option"],
  },
  "nothing-to-learn": {
    cause: "The network has no parameters to train or no layers to choose bit widths for.",
    remedy: "Use a network with more layers, or leave the option out.",
    data: [],
  },
  "wrong-model-kind": {
    cause: "A float network was given where a quantized one is needed, or the reverse.",
    remedy: "Give a model of the kind that the message states; the task `quantize` makes a quantized one.",
    data: ["file", "expected"],
  },
  "models-differ": {
    cause: "Two models cannot be compared, because they have different layers or take different images.",
    remedy: "Compare a quantized network with the float network from which it was made.",
    data: ["found"],
  },
  "not-installed": {
    cause: "An optional package or program that this needs is not installed.",
    remedy: "Install it as the message says.",
    data: ["package"],
  },
  "checkpoint-missing": {
    cause: "There is no checkpoint to resume from.",
    remedy: "Start without resume, or give the folder of the run.",
    data: ["file"],
  },
  "folder-in-use": {
    cause: "The output folder is being written to by another run, or holds the checkpoint of an earlier one.",
    remedy: "Give another folder, or resume or overwrite the earlier run.",
    data: ["file", "reason"],
  },
  "invalid-study": {
    cause: "The file of a study has faults.",
    remedy: "Correct what the message lists, each with its line.",
    data: ["file", "faults"],
  },
  "study-missing": {
    cause: "A folder holds no study, or none of its runs is finished.",
    remedy: "Begin the study with the task `study run`, or give its folder.",
    data: ["file"],
  },
  "study-changed": {
    cause: "A study has changed since its first run.",
    remedy: "Undo the change, choose another folder, or accept it with replan.",
    data: ["file", "changes"],
  },
  "run-in-use": {
    cause: "Another process is executing this run of a study.",
    remedy: "Wait for it, or end that process first.",
    data: ["file", "reason"],
  },
  "settings-changed": {
    cause: "A run cannot be resumed, because settings differ from those with which it began.",
    remedy: "Resume with the same settings, or start anew without resume.",
    data: ["file", "options"],
  },
} as const satisfies ErrorCodeTable;
