// docs/cli.md is what the program says of itself: `vitest run -u` writes it anew.
import type { Command, Option } from "commander";
import { expect, it } from "vitest";
import { createProgram } from "../src/program.ts";

const INTRODUCTION = `# The command line

What \`pawl --help\` and \`pawl <command> --help\` say, in one place. This page is written by a test.

Commands use the server that \`--server\` names, else the one that runs on the data folder, else they work in their own process on the same
database. Results go to stdout and everything else to stderr; \`--json\` prints JSON, and errors as \`{type: "error", code, message}\`.
Codes are explained in [errors](errors.md).`;

/** Commands that do something, with their whole names. */
function commandsOf(
  command: Command,
  prefix: string,
): readonly (readonly [name: string, command: Command])[] {
  return command.commands.flatMap((child) => {
    const name = `${prefix} ${child.name()}`;
    return child.commands.length > 0 ? commandsOf(child, name) : [[name, child] as const];
  });
}

function describeCommand(name: string, command: Command): string {
  const usage = command.registeredArguments.map((one) =>
    one.required ? `<${one.name()}${one.variadic ? "..." : ""}>` : `[${one.name()}]`,
  );
  const notes = trailing(command);
  const options = command.options.filter((option) => !option.hidden);
  return [
    `## \`${[name, ...usage].join(" ")}\``,
    "",
    `${command.description()}.`,
    ...(command.registeredArguments.length === 0
      ? []
      : ["", ...command.registeredArguments.map((one) => `- \`${one.name()}\`: ${one.description}`)]),
    ...(options.length === 0 ? [] : ["", "| option | |", "|---|---|", ...options.map(rowOf)]),
    ...(notes === "" ? [] : ["", "```text", notes, "```"]),
  ].join("\n");
}

function rowOf({ flags, description, defaultValue }: Option): string {
  const otherwise = defaultValue === undefined ? "" : ` (default ${String(defaultValue)})`;
  return `| \`${flags.replaceAll("|", "\\|")}\` | ${description.replaceAll("|", "\\|")}${otherwise} |`;
}

/** What stands after the options in its help. */
function trailing(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (written) => (text += written) });
  command.outputHelp();
  return text
    .slice(text.indexOf(HELP_LINE))
    .split("\n\n")
    .slice(1)
    .filter((part) => !part.startsWith("Global"))
    .join("\n\n")
    .trim();
}
const HELP_LINE = "-h, --help";

it("the page about the command line is what the program says", async () => {
  const program = createProgram(() => undefined);
  const all = commandsOf(program, "pawl").map(([name, command]) => describeCommand(name, command));
  expect(all.length).toBeGreaterThan(50);
  await expect(`${[INTRODUCTION, ...all].join("\n\n")}\n`).toMatchFileSnapshot("../../../docs/cli.md");
});
