import { PawlError } from "@pawl/core";
import { split } from "shlex";

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  /** Leading `NAME=value` words, as a shell reads them. */
  readonly env: Readonly<Record<string, string>>;
}

// Unquoted in the text, these ask for a shell. We start programs directly and would pass them on as arguments.
const SHELL_OPERATOR = /^(?:\|\|?|&&?|;|\d?>>?(?:&\d)?|<|\|&)$/;
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;

/**
 * Splits a command line into words by the quoting rules of a POSIX shell. No shell is involved: nothing is expanded.
 *
 * @throws PawlError `mcp_command_invalid`
 */
export function parseCommandLine(text: string): CommandLine {
  let words: string[];
  try {
    words = split(text);
  } catch (cause) {
    throw invalid(text, "a quote or escape is not closed", cause);
  }
  const operator = words.find((word) => SHELL_OPERATOR.test(word));
  if (operator !== undefined) {
    throw invalid(text, `"${operator}" needs a shell; put it into a script, or run: sh -c '…'`);
  }
  const env: Record<string, string> = {};
  while (words[0] !== undefined && ASSIGNMENT.test(words[0])) {
    const word = words.shift() as string;
    const at = word.indexOf("=");
    env[word.slice(0, at)] = word.slice(at + 1);
  }
  const [command, ...args] = words;
  if (command === undefined || command === "") throw invalid(text, "it names no program");
  if (words.some((word) => word.includes("\0"))) throw invalid(text, "it contains a NUL character");
  return { command, args, env };
}

function invalid(text: string, why: string, cause?: unknown): PawlError {
  const shown = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  return new PawlError(
    "mcp_command_invalid",
    `The MCP server command \`${shown}\` cannot be used: ${why}. Write it as in a terminal, for example: npx -y @modelcontextprotocol/server-everything`,
    { cause },
  );
}
