/**
 * Writes docs/errors.md from the tables of error codes, or with `--check` says whether it is up to date.
 * Needs the built packages.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { serverErrors } from "../packages/server/dist/error-codes.js";
import { errorTables } from "../packages/toolkit/dist/error-tables.js";

const path = fileURLToPath(new URL("../docs/errors.md", import.meta.url));

const kinds = {
  usage: "An option or argument makes no sense. Exit status 2.",
  data: "Images, labels, weights, checkpoints or inputs cannot be used. Exit status 2.",
  model: "A model cannot be used. Exit status 2.",
  format: "A `.sbq` file or program breaks a rule of the format. Exit status 2.",
  machine: "The environment fails: the disk, memory, the network, the browser. Exit status 3.",
  interrupted: "The work was stopped. Exit status 130.",
  failed: "The work was done, but its result is useless. Exit status 1.",
};

const cell = (text) => text.replaceAll("|", "\\|");

const section = ({ name, package: from, kind, codes }) =>
  [
    `## ${name}`,
    "",
    `Kind \`${kind}\`, exported by \`@subbyte/${from}\`. ${kinds[kind]}`,
    "",
    "| code | cause | what to do | data |",
    "| --- | --- | --- | --- |",
    ...Object.entries(codes).map(
      ([code, { cause, remedy, data }]) =>
        `| \`${code}\` | ${cell(cause)} | ${cell(remedy)} | ${data.map((fact) => `\`${fact}\``).join(", ")} |`,
    ),
    "",
  ].join("\n");

const serverSection = () =>
  [
    "## ServerError",
    "",
    "`subbyte serve` answers with the status given here and with JSON: `code`, `message` (what is wrong and where) and `action`",
    "(what to do). The field `error` has message and action in one, as the Open Inference Protocol requires.",
    "",
    "| code | status | cause | what to do |",
    "| --- | --- | --- | --- |",
    ...Object.entries(serverErrors).map(
      ([code, { status, cause, remedy }]) => `| \`${code}\` | ${status} | ${cell(cause)} | ${cell(remedy)} |`,
    ),
    "",
  ].join("\n");

const page = `# Errors

<!-- Written by scripts/docs-errors.mjs from the tables of codes; change those. -->

Every error that our packages throw has a \`kind\`, a \`code\`, \`data\` and a \`message\`. The message is one paragraph that says what is
wrong, where, and what to do. \`data\` has the names and numbers of the message as JSON values; the column *data* lists those that are always
there. Programs should look at the code, because messages may change.

\`\`\`js
import { openModel } from "@subbyte/toolkit";

try {
  await openModel("model.onnx");
} catch (error) {
  if (error.code === "unsupported-operator") console.log(error.data.operators);
  else throw error;
}
\`\`\`

Messages name options as JavaScript does, in backticks; the command line prints their flags instead. \`describeError\` returns kind, code,
data and message of anything that was thrown. This includes errors of the operating system and bugs of Subbyte, whose kind is \`internal\`
(exit status 3). \`httpStatusOf\` returns the HTTP status with which a server should answer. With \`--json\`, the command line writes
\`{ "error": { kind, code, data, message } }\` as the last line on stderr.

${[...errorTables.map(section), serverSection()].join("\n")}`;

if (!process.argv.includes("--check")) writeFileSync(path, page);
else if (readFileSync(path, "utf8") !== page) {
  console.error("docs/errors.md does not agree with the tables; run npm run docs:errors");
  process.exitCode = 1;
}
