import { randomUUID } from "node:crypto";
import {
  acceptedSchema,
  answeredSchema,
  attachedSchema,
  cancelSchema,
  forkedSchema,
  sessionSchema,
  turnResultSchema,
  turnSchema,
} from "@pawl/http";
import { followEvents } from "./event-source.ts";
import { httpApprovals } from "./http-approvals.ts";
import { callServer, type HttpRequest, readAnswer, type ServerAddress } from "./http-call.ts";
import { httpDeadLetters } from "./http-dead-letters.ts";
import { httpJobs } from "./http-jobs.ts";
import { httpNodes } from "./http-nodes.ts";
import { httpReads } from "./http-reads.ts";
import { httpRetention } from "./http-retention.ts";
import { httpTasks } from "./http-tasks.ts";
import { httpWaits } from "./http-waits.ts";
import type { Patience } from "./patience.ts";
import type { PawlClient } from "./pawl-client.ts";

export interface HttpClientOptions {
  readonly address: () => Promise<ServerAddress>;
  readonly sameMachine: boolean;
  readonly patience: Patience;
}

/** How long the server is asked to hold a question about a result. */
const HOLD_MS = 25_000;

/** Turns of a server. A server that goes away and comes back is waited for. */
export function createHttpClient({ address, sameMachine, patience }: HttpClientOptions): PawlClient {
  const call = (request: HttpRequest) =>
    patience.persist(async () => callServer(await address(), request), request.signal);

  return {
    sameMachine,
    async send({ sessionId, content, files = [], outputSchema, idempotencyKey, ...input }) {
      const session = `v1/sessions/${encodeURIComponent(sessionId)}`;
      const parts: object[] = content.trim() === "" ? [] : [{ type: "text", text: content }];
      for (const { type, name, mediaType, data } of files) {
        const path = `${session}/attachments`;
        const stored = await call({ method: "POST", path, file: { data, mediaType } });
        const { ref } = await readAnswer(stored, attachedSchema);
        parts.push({ type, name, media_type: mediaType, ref });
      }
      // The answer may be lost after the input was stored: with a key, asking again is the same input.
      const body = {
        ...input,
        content: files.length === 0 ? content : parts,
        ...(outputSchema !== undefined && { output_schema: outputSchema }),
        idempotency_key: idempotencyKey ?? randomUUID(),
      };
      const path = `${session}/inputs`;
      const accepted = await readAnswer(await call({ method: "POST", path, body }), acceptedSchema);
      return { sessionId: accepted.session_id, turnId: accepted.turn_id };
    },
    async fork(turnId, { sessionId, idempotencyKey, ...fork }) {
      const named = sessionId === undefined ? {} : { session_id: sessionId };
      const body = { ...fork, ...named, idempotency_key: idempotencyKey };
      const path = `${pathOf(turnId)}/fork`;
      const forked = await readAnswer(await call({ method: "POST", path, body }), forkedSchema);
      return { sessionId: forked.session_id, turnId: forked.turn_id };
    },
    events: (turnId, signal) => followEvents({ address, path: `${pathOf(turnId)}/events`, signal, patience }),
    sessionEvents(sessionId, signal) {
      const path = `v1/sessions/${encodeURIComponent(sessionId)}/events`;
      return followEvents({ address, path, signal, patience, endless: true });
    },
    async result(turnId, signal) {
      for (;;) {
        const path = `${pathOf(turnId)}/result?wait_ms=${HOLD_MS}`;
        const response = await call({ method: "GET", path, signal });
        if (response.status === 200) return readAnswer(response, turnResultSchema);
        await response.body?.cancel();
      }
    },
    async explain(turnId) {
      return readAnswer(await call({ method: "GET", path: pathOf(turnId) }), turnSchema);
    },
    async cancel(turnId, reason) {
      const path = `${pathOf(turnId)}/cancel`;
      const body = reason === undefined ? {} : { reason };
      return readAnswer(await call({ method: "POST", path, body }), cancelSchema);
    },
    async sessionLife(sessionId, verb) {
      const path = `v1/sessions/${encodeURIComponent(sessionId)}/${verb}`;
      return readAnswer(await call({ method: "POST", path }), sessionSchema);
    },
    async grant(turnId, body) {
      return readAnswer(
        await call({ method: "POST", path: `${pathOf(turnId)}/grants`, body }),
        answeredSchema,
      );
    },
    reads: httpReads(call),
    waits: httpWaits(call),
    approvals: httpApprovals(call),
    tasks: httpTasks(call),
    retention: httpRetention(call),
    jobs: httpJobs(call),
    nodes: httpNodes(call),
    deadLetters: httpDeadLetters(call),
    close: async () => undefined,
  };
}

function pathOf(turnId: string): string {
  return `v1/turns/${encodeURIComponent(turnId)}`;
}
