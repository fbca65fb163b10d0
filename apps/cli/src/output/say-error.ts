import { isPawlError } from "@pawl/core";
import { exitCodeOfError } from "../exit-codes.ts";
import { printable } from "./printable.ts";

/** Says to a person what went wrong, and to a program as a line of JSON. @returns the exit code */
export function sayError(thrown: unknown, json = false): number {
  const code = isPawlError(thrown) ? thrown.code : "internal_error";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // A mistake of ours is only found by where it happened.
  const shown = isPawlError(thrown) || !(thrown instanceof Error) ? message : (thrown.stack ?? message);
  process.stderr.write(`pawl: ${printable(shown)} (${code})\n`);
  if (json) process.stdout.write(`${JSON.stringify({ type: "error", code, message })}\n`);
  return exitCodeOfError(code);
}
