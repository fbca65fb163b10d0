import type { WireTurn } from "@pawl/http";
import { commandName, shellWord } from "../command-name.ts";
import { createJsonOutput } from "../output/json-output.ts";
import { createProgress } from "../output/progress.ts";
import { createQuietOutput } from "../output/quiet-output.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { createTextOutput } from "../output/text-output.ts";
import type { TurnOutput } from "../output/turn-output.ts";
import { whatHelps } from "../output/what-helps.ts";

export interface OutputOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly dataDir?: string;
  readonly server?: string;
  /** Whether to say how the session is gone on with. Default: in a terminal. */
  readonly goOn?: false;
}

/** JSON and bare answers for programs, text for people; progress where there is a terminal to show it on. */
export function openOutput({ json, quiet, dataDir, server, goOn: wanted }: OutputOptions): TurnOutput {
  const write = (text: string) => void process.stdout.write(text);
  const tell = (text: string) => void process.stderr.write(text);
  if (json) return createJsonOutput(write, tell);
  const progress = createProgress(process.stderr);
  if (quiet) return createQuietOutput(write, tell, progress);
  const where = [
    ...(server === undefined ? [] : ["--server", shellWord(server)]),
    ...(dataDir === undefined ? [] : ["--data-dir", shellWord(dataDir)]),
  ];
  const goOn = (sessionId: string) =>
    [commandName(process.env), "run", ...where, "--session", shellWord(sessionId), '"…"'].join(" ");
  const helps = (turn: WireTurn) =>
    wanted === false && isAskedHere(turn)
      ? []
      : whatHelps(turn).map((command) => [commandName(process.env), command, ...where].join(" "));
  return createTextOutput({
    write,
    progress,
    style: createStyle(wantsColour(process.stdout, process.env)),
    helps,
    ...(process.stdout.isTTY && wanted !== false && { goOn }),
  });
}

/** A chat asks for these itself. */
function isAskedHere({ result }: WireTurn): boolean {
  if (result?.status !== "waiting") return false;
  return result.waits.every(({ reason: { type } }) => type === "approval" || type === "budget");
}
