import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { onStopSignals } from "@pawl/server";
import { openClient } from "../client/open-client.ts";
import type { PawlClient } from "../client/pawl-client.ts";
import { commandName, shellWord } from "../command-name.ts";
import { EXIT, exitCodeOf } from "../exit-codes.ts";
import { linkNotices } from "../output/link-notices.ts";
import { sayError } from "../output/say-error.ts";
import { createChatSession } from "./chat-session.ts";
import { createLineQueue } from "./line-queue.ts";
import { mcpEnvironment } from "./mcp-environment.ts";
import { openOutput } from "./open-output.ts";
import type { RunOptions } from "./run.ts";
import { configOf } from "./server-options.ts";
import { limitsIn } from "./turn-limits.ts";

/** Talks in one session until the input ends. @returns the exit code */
export async function chat(options: Omit<RunOptions, "timeout" | "quiet">): Promise<number> {
  const output = openOutput({ ...options, goOn: false });
  const isTerminal = process.stdin.isTTY === true;
  const lines = createLineQueue();
  const reader = createInterface({ input: process.stdin, terminal: false });
  reader.on("line", lines.push).on("close", lines.end);
  let client: PawlClient | undefined;
  let cancel = () => false;
  const leave = () => process.exit(EXIT.cancelled);
  // A wish to leave is a second Ctrl-C, or the first one while nothing runs.
  const listen = () =>
    onStopSignals((signal) => {
      if (signal !== "SIGINT" || !cancel()) return leave();
      output.notice("Cancelling the turn. Press Ctrl-C again to leave.");
      // Each turn can be cancelled by a first one.
      setTimeout(() => {
        signals.off();
        signals = listen();
      }, CANCEL_AGAIN_MS).unref();
    }, leave);
  let signals = listen();
  try {
    const { dataDir, model, agent, ask } = options;
    const limits = limitsIn(options);
    client = await openClient({
      config: configOf({ ...(dataDir !== undefined && { dataDir }), ...(model !== undefined && { model }) }),
      server: options.server,
      ...linkNotices(output),
    });
    const environment = mcpEnvironment(options.mcp ?? [], client.sameMachine ? process.cwd() : undefined);
    const sessionId = options.session ?? `s_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
    const session = createChatSession({
      client,
      lines,
      output,
      prompt: (text) => {
        output.close();
        if (isTerminal && options.json !== true) process.stdout.write(text);
      },
      turn: {
        sessionId,
        ...(agent !== undefined && { agent }),
        ...(model !== undefined && { model }),
        ...(environment !== undefined && { environment }),
        ...(ask !== undefined && { ask }),
        ...(limits !== undefined && { limits }),
      },
      steering: isTerminal,
    });
    cancel = session.cancel;
    if (isTerminal) {
      const where = [
        ...(options.server === undefined ? [] : ["--server", shellWord(options.server)]),
        ...(dataDir === undefined ? [] : ["--data-dir", shellWord(dataDir)]),
      ];
      const again = [commandName(process.env), "chat", ...where, "--session", shellWord(sessionId)].join(" ");
      output.notice(
        `Session ${sessionId}. Enter sends, also while a turn runs; Ctrl-D leaves. Come back with: ${again}`,
      );
    }
    const last = await session.talk();
    return last === undefined ? EXIT.completed : exitCodeOf(last);
  } catch (error) {
    output.close();
    return sayError(error, options.json === true);
  } finally {
    reader.close();
    output.close();
    await client?.close();
    signals.off();
  }
}

/** A second Ctrl-C within this time means that somebody wants to leave. */
const CANCEL_AGAIN_MS = 3_000;
