import { PRUNE_KINDS, type PruneKind } from "@pawl/core";
import { InvalidArgumentError } from "commander";
import type { EraseOptions } from "../commands/erase.ts";
import type { PruneOptions } from "../commands/prune.ts";
import type { PawlCommand } from "./pawl-command.ts";
import type { SetExitCode } from "./shared-options.ts";

/** What deletes. */
export function addRetention(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("prune")
    .description("Delete what is old and not needed any more, in batches, while turns run")
    .option("--older-than <age>", "what came to its end longer ago, such as 12h or 30d", age, age("30d"))
    .option("--only <kind>", `only this: ${PRUNE_KINDS.join(", ")}; repeatable`, kinds)
    .option("--dry-run", "say what would be deleted, and delete nothing")
    .onServer()
    .addHelpText(
      "after",
      `
  text         streamed text of turns that have ended; their answers stay
  turns        logs of turns that have ended: they cannot be replayed, forked or exported any more
  waits        answered waits
  tasks, jobs  those that have ended, with their logs
  attachments  content that nothing names any more
  nodes        processes whose lease ran out and that own nothing
  tokens       those that expired or were revoked

Transcripts, inputs, receipts, erasures and revocations are never pruned, nor is anything of an open turn.

Examples:
  pawl prune --dry-run
  pawl prune --older-than 90d
  pawl prune --older-than 1d --only text`,
    )
    .action(async (options: PruneOptions) => {
      const { prune } = await import("../commands/prune.ts");
      setExitCode(await prune(options));
    });

  program
    .command("erase")
    .description("Erase everything of a session, for ever")
    .argument("<session>", "the session's id")
    .option("--yes", "do it without asking; needed where there is no terminal")
    .onServer()
    .addHelpText(
      "after",
      `
A turn that runs is asked to end first. Hashes outlive the session: its id and those of its inputs are used up, its
keys are revoked, and \`pawl verify\` still walks the chain of its receipts' digests. What tools did is not undone,
and backups are yours to erase.

Examples:
  pawl erase trip
  pawl erase --yes --json trip

Exit codes:
  0    erased, now or before
  1    there is no such session, or its turn did not end in time
  2    --yes is needed
  130  it was not confirmed`,
    )
    .action(async (session: string, options: EraseOptions) => {
      const { erase } = await import("../commands/erase.ts");
      setExitCode(await erase(session, options));
    });
}

const UNITS: { readonly [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30d` in milliseconds. */
function age(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = UNITS[unit];
  if (ms !== undefined) return Number(number) * ms;
  throw new InvalidArgumentError("It must be a number and a unit, such as 45m, 12h or 30d.");
}

function kinds(text: string, previous: readonly PruneKind[] = []): readonly PruneKind[] {
  const kind = PRUNE_KINDS.find((one) => one === text);
  if (kind !== undefined) return [...previous, kind];
  throw new InvalidArgumentError(`It must be one of ${PRUNE_KINDS.join(", ")}.`);
}
