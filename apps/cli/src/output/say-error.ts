import { isPawlError } from "@pawl/core";
import { exitCodeOfError } from "../exit-codes.ts";
import { printable } from "./printable.ts";

/** Says to a person what went wrong, and to a program as a line of JSON. @returns the exit code */
export function sayError(thrown: unknown, json = false): number {
  const code = isPawlError(thrown) ? thrown.code : "internal_error";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // A mistake of ours is only found by where it happened.
  const shown = isPawlError(thrown) || !(thrown instanceof Error) ? message : (thrown.stack ?? message);
  process.stderr.write(`pawl: ${printable(shortened(shown))} (${code})\n`);
  if (json) process.stdout.write(`${JSON.stringify({ type: "error", code, message })}\n`);
  return exitCodeOfError(code);
}

const MOST_CHARACTERS = 2_000;
const KEPT_OF_END = 500;

/** What was typed stands in some messages; what they say to do stands at their end. */
function shortened(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  return `${text.slice(0, MOST_CHARACTERS - KEPT_OF_END)} … ${text.slice(-KEPT_OF_END)}`;
}
