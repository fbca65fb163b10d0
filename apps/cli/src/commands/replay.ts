import { existsSync } from "node:fs";
import { standard } from "@pawl/core";
import { replayTurn } from "@pawl/effects/turn-driver";
import { type WireReplay, wireReplay } from "@pawl/http";
import { EXIT } from "../exit-codes.ts";
import { oneLine } from "../output/printable.ts";
import { sayError } from "../output/say-error.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { readRecordFile } from "../record/read-record-file.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

/** Runs a turn again, performs nothing and compares. @returns 0 when it is identical, 1 when it is not */
export async function replay(target: string, options: ClientOptions): Promise<number> {
  const say = (report: WireReplay) => {
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : describe(report));
    return report.identical ? EXIT.completed : EXIT.failed;
  };
  if (isFile(target)) {
    try {
      return say(wireReplay(await replayTurn(await readRecordFile(target), standard())));
    } catch (error) {
      return sayError(error, options.json === true);
    }
  }
  return withClient(options, async ({ client, clear }) => {
    const report = await client.reads.replay(target);
    clear();
    return say(report);
  });
}

/** What is there is a file, and so is what can be no id of a turn. */
function isFile(target: string): boolean {
  return target === "-" || /[/\\]|\.json$/i.test(target) || existsSync(target);
}

function describe({ identical, inputs, effects, outcome, differences }: WireReplay): string {
  const style = createStyle(wantsColour(process.stdout, process.env));
  const facts = `${inputs} inputs, ${effects} effects, nothing performed`;
  const end = outcome === null ? "the turn is open" : `the turn ${ENDS[outcome.status]}`;
  if (identical) return `${style.good("✓ identical")}: ${facts}; ${end}\n`;
  const lines = differences.map((difference) => `  ${oneLine(difference, 500)}`);
  return [`${style.bad("✗ different")}: ${facts}. What differs:`, ...lines, ""].join("\n");
}

const ENDS = { completed: "completed", failed: "failed", cancelled: "was cancelled" } as const;
