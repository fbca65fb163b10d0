import * as z from "zod/mini";
import type { NodeId, ProcessId, SessionId } from "../ids.ts";
import type { ProcessRecord } from "../processes/fold.ts";
import {
  type AbandonEvidence,
  PROCESS_VERSION,
  type ProcessEnd,
  type ProcessEventBody,
  type ProcessOwner,
  type ProcessRegistration,
} from "../processes/process-event.ts";
import type { DecodeVersioned } from "./decode.ts";
import { count, json, jsonObject, storedId, unionBy, versionedDecoder } from "./decoder.ts";
import { errorFacts } from "./effect.ts";

const sessionId = storedId<SessionId>();

const owner: z.ZodMiniType<ProcessOwner> = z.looseObject({ nodeId: storedId<NodeId>(), generation: count });

const registration: z.ZodMiniType<ProcessRegistration> = z.looseObject({
  processId: storedId<ProcessId>(),
  name: z.string(),
  input: json,
  disposition: z.enum(["rerunnable", "owner_bound", "external"]),
  signals: z.array(z.looseObject({ name: z.string(), schema: jsonObject })),
  wake: z.nullable(z.looseObject({ sessionId })),
});

const evidence = unionBy<AbandonEvidence>()("type", {
  owner_gone: z.looseObject({ type: z.literal("owner_gone"), owner }),
  owner_left: z.looseObject({ type: z.literal("owner_left"), owner, reason: z.string() }),
  reported: z.looseObject({ type: z.literal("reported"), by: z.string(), note: z.exactOptional(z.string()) }),
});

const ends = {
  completed: z.looseObject({ type: z.literal("completed"), output: json }),
  failed: z.looseObject({ type: z.literal("failed"), error: errorFacts }),
  cancelled: z.looseObject({ type: z.literal("cancelled") }),
  abandoned: z.looseObject({ type: z.literal("abandoned"), evidence }),
};

const eventBody = unionBy<ProcessEventBody>()("type", {
  registered: z.looseObject({ type: z.literal("registered"), registration }),
  grant_added: z.looseObject({ type: z.literal("grant_added"), sessionId }),
  grant_revoked: z.looseObject({ type: z.literal("grant_revoked"), sessionId }),
  transferred: z.looseObject({ type: z.literal("transferred"), from: sessionId, to: sessionId }),
  started: z.looseObject({ type: z.literal("started"), attempt: count, owner }),
  left: z.looseObject({ type: z.literal("left"), owner }),
  step_done: z.looseObject({ type: z.literal("step_done"), stepId: z.string(), value: json }),
  signal: z.looseObject({
    type: z.literal("signal"),
    name: z.string(),
    ordinal: z.int().check(z.gte(1)),
    payload: json,
  }),
  cancel_requested: z.looseObject({
    type: z.literal("cancel_requested"),
    origin: z.string(),
    reason: z.exactOptional(z.string()),
  }),
  progress: z.looseObject({ type: z.literal("progress"), value: json, wake: z.boolean() }),
  ...ends,
});

const record: z.ZodMiniType<ProcessRecord> = z.looseObject({
  registration,
  status: z.enum(["registered", "running", "completed", "failed", "cancelled", "abandoned"]),
  grants: z.array(sessionId),
  attempts: count,
  startsInARow: count,
  owner: z.nullable(owner),
  signals: z.record(z.string(), count),
  cancel: z.nullable(
    z.looseObject({ origin: z.string(), reason: z.exactOptional(z.string()), at: z.number() }),
  ),
  progress: json,
  end: z.nullable(unionBy<ProcessEnd>()("type", ends)),
  head: z.int().check(z.gte(1)),
  registeredAt: z.number(),
  startedAt: z.nullable(z.number()),
  endedAt: z.nullable(z.number()),
});

/** What a row of a background task's log says. The version stands in a column beside it. */
export const decodeProcessEventBody: DecodeVersioned<ProcessEventBody> = versionedDecoder(
  "background task event",
  PROCESS_VERSION,
  { 1: eventBody },
);

export const decodeProcessRecord: DecodeVersioned<ProcessRecord> = versionedDecoder(
  "background task",
  PROCESS_VERSION,
  { 1: record },
);
