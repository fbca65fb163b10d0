import type { PawlError } from "@pawl/core";
import { jsonSchema } from "@pawl/host";
import {
  grantBudget,
  grantOf,
  limitsOf,
  wireAnswered,
  wireCancel,
  wireEvent,
  wireSession,
  wireTurn,
  wireTurnResult,
} from "@pawl/http";
import type { ServerConfig } from "@pawl/server";
import { createLogger, openRuntime } from "@pawl/server/runtime";
import { cliError } from "../errors.ts";
import { localApprovals } from "./local-approvals.ts";
import { localDeadLetters } from "./local-dead-letters.ts";
import { localJobs } from "./local-jobs.ts";
import { localNodes } from "./local-nodes.ts";
import { localReads } from "./local-reads.ts";
import { localRetention } from "./local-retention.ts";
import { localTasks } from "./local-tasks.ts";
import { localWaits } from "./local-waits.ts";
import type { PawlClient } from "./pawl-client.ts";

/** Turns in this process, on the database of the data folder (or DATABASE_URL). */
export async function openLocalClient(
  config: ServerConfig,
  progress: (message: string) => void,
): Promise<PawlClient> {
  // What a server would log would be in the way of what is shown; who wants it says so.
  const level = config.origins.PAWL_LOG_LEVEL === "default" ? "silent" : config.logLevel;
  const runtime = await openRuntime(config, {
    logger: createLogger({ level, stream: process.stderr }),
    progress,
  });
  const { host } = runtime;
  return {
    sameMachine: true,
    async send({ sessionId, content, files = [], outputSchema, limits, ...options }) {
      const session = host.session(sessionId);
      const output = outputSchema && { output: jsonSchema(outputSchema) };
      const parts = content.trim() === "" ? files : [{ type: "text", text: content } as const, ...files];
      const narrow = limits && { narrow: limitsOf(limits) };
      const turn = await session.send(parts, { ...options, ...output, ...narrow });
      return { sessionId: session.id, turnId: turn.id };
    },
    async fork(turnId, fork) {
      const turn = await host.turn(turnId).fork(fork);
      return { sessionId: turn.sessionId, turnId: turn.id };
    },
    async *events(turnId, signal) {
      for await (const event of host.turn(turnId).events({ signal })) yield wireEvent(event);
    },
    async *sessionEvents(sessionId, signal) {
      const session = host.session(sessionId);
      if ((await session.record()) === null) throw sessionUnknown(sessionId);
      for await (const event of session.events({ signal })) yield wireEvent(event);
    },
    async sessionLife(sessionId, verb) {
      const session = host.session(sessionId);
      if ((await session.record()) === null) throw sessionUnknown(sessionId);
      await session[verb]();
      return wireSession((await session.record())!);
    },
    async grant(turnId, body) {
      const { waitId, outcome } = await grantBudget(host, turnId, grantOf(body), "cli");
      return wireAnswered(waitId, outcome);
    },
    async result(turnId, signal) {
      return wireTurnResult(await host.turn(turnId).result({ signal }));
    },
    async explain(turnId) {
      return wireTurn(await host.turn(turnId).explain());
    },
    async cancel(turnId, reason) {
      const turn = host.turn(turnId);
      const asked = await turn.cancel({ origin: "cli", ...(reason !== undefined && { reason }) });
      if (asked.status === "unknown")
        throw cliError("turn_unknown", `There is no turn "${turnId}". Check the id.`);
      return wireCancel(turn.id, asked);
    },
    reads: localReads(host),
    waits: localWaits(host),
    approvals: localApprovals(host),
    tasks: localTasks(host),
    retention: localRetention(host),
    jobs: localJobs(runtime),
    nodes: localNodes(host),
    deadLetters: localDeadLetters(host),
    close: () => runtime.close({ drainMs: 1_000 }),
  };
}

function sessionUnknown(id: string): PawlError {
  return cliError("session_unknown", `There is no session "${id}". \`pawl sessions\` lists those that are.`);
}
