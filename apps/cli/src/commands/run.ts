import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { onStopSignals } from "@pawl/server";
import { openClient } from "../client/open-client.ts";
import type { TurnClient } from "../client/turn-client.ts";
import { commandName } from "../command-name.ts";
import { cliError } from "../errors.ts";
import { EXIT, exitCodeOf } from "../exit-codes.ts";
import { linkNotices } from "../output/link-notices.ts";
import { sayError } from "../output/say-error.ts";
import { attachedFiles, schemaIn } from "./attached-files.ts";
import { followTurn } from "./follow-turn.ts";
import { mcpEnvironment } from "./mcp-environment.ts";
import { type OutputOptions, openOutput } from "./open-output.ts";
import { configOf } from "./server-options.ts";
import { type LimitOptions, limitsIn } from "./turn-limits.ts";

export interface RunOptions extends OutputOptions, LimitOptions {
  readonly session?: string;
  readonly mcp?: readonly string[];
  readonly agent?: string;
  readonly model?: string;
  readonly ask?: readonly string[];
  readonly attach?: readonly string[];
  readonly outputSchema?: string;
  readonly timeout?: number;
}

/** One durable turn, shown while it happens. @returns the exit code */
export async function run(words: string, options: RunOptions): Promise<number> {
  const output = openOutput(options);
  let client: TurnClient | undefined;
  let turnId: string | undefined;
  let wanted: string | undefined;

  const cancel = (reason: string) => {
    wanted = reason;
    if (client === undefined || turnId === undefined) return;
    output.notice(
      `Cancelling the turn (${reason}).${process.stdin.isTTY ? " Press Ctrl-C again to leave at once." : ""}`,
    );
    client
      .cancel(turnId, reason)
      .then(() => {
        // The wish is stored. Where nobody drives the turn now, nobody ends it now either.
        setTimeout(() => {
          output.notice("It is to end as soon as somebody drives it; leaving.");
          process.exit(EXIT.cancelled);
        }, SEE_END_MS).unref();
      })
      .catch((error: unknown) => output.notice(`It could not be cancelled: ${String(error)}`));
  };
  const signals = onStopSignals(
    (signal) => cancel(signal === "SIGINT" ? "interrupted" : "terminated"),
    () => process.exit(EXIT.cancelled),
  );
  const timer =
    options.timeout === undefined
      ? undefined
      : setTimeout(() => cancel(`no end after ${options.timeout} s`), options.timeout * 1000);
  try {
    const content = await promptOf(words);
    const files = await attachedFiles(options.attach ?? []);
    const outputSchema =
      options.outputSchema === undefined ? undefined : await schemaIn(options.outputSchema);
    const { dataDir, model } = options;
    const limits = limitsIn(options);
    const config = configOf({
      ...(dataDir !== undefined && { dataDir }),
      ...(model !== undefined && { model }),
    });
    client = await openClient({
      config,
      server: options.server,
      ...linkNotices(output),
    });
    if (wanted !== undefined) return EXIT.cancelled;
    const environment = mcpEnvironment(options.mcp ?? [], client.sameMachine ? process.cwd() : undefined);
    const ids = await client.send({
      sessionId: options.session ?? `s_${randomUUID().replaceAll("-", "").slice(0, 12)}`,
      content,
      ...(files.length > 0 && { files }),
      ...(outputSchema !== undefined && { outputSchema }),
      ...(options.agent !== undefined && { agent: options.agent }),
      // The turn's own, whatever the default is where it runs.
      ...(model !== undefined && { model }),
      ...(environment !== undefined && { environment }),
      ...(options.ask !== undefined && { ask: options.ask }),
      ...(limits !== undefined && { limits }),
    });
    turnId = ids.turnId;
    output.accepted(ids);
    if (environment !== undefined) output.progress("Connecting to the MCP servers…");
    if (wanted !== undefined) cancel(wanted);
    return exitCodeOf(await followTurn(client, turnId, output));
  } catch (error) {
    output.close();
    const code = sayError(error, options.json === true);
    if (turnId !== undefined) {
      process.stderr.write(
        `The turn is stored. See how it goes on with: ${commandName(process.env)} watch ${turnId}\n`,
      );
    }
    return code;
  } finally {
    clearTimeout(timer);
    output.close();
    await client?.close();
    signals.off();
  }
}

/** How long the end of a cancelled turn is waited for, in milliseconds. */
const SEE_END_MS = 15_000;

async function promptOf(words: string): Promise<string> {
  const prompt = words === "-" ? await text(process.stdin) : words;
  if (prompt.trim() !== "") return prompt;
  const how = words === "-" ? "Nothing came on stdin." : "The prompt is empty.";
  throw cliError("usage", `${how} Say what to do, for example: pawl run "What is a pawl?"`);
}
