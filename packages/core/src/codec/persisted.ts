import * as z from "zod/mini";
import type { EffectId, InputId, SessionId, TurnId } from "../ids.ts";
import type { CommitReceipt } from "../inputs/receipt.ts";
import { LOG_VERSION, type LogBody, type LogRow } from "../log/log-row.ts";
import type { InputContent } from "../ports/inbox.ts";
import type { TurnConfig } from "../turn/config.ts";
import { inputPart, message, toolDefinition, usage } from "./conversation.ts";
import type { Decode, DecodeVersioned } from "./decode.ts";
import {
  count,
  json,
  jsonObject,
  selfVersionedDecoder,
  storedId,
  unionBy,
  versionedDecoder,
} from "./decoder.ts";
import { leftMessage } from "./effect.ts";
import { cancelEvidence, limits, machineEvent, turnInput, turnOutcome } from "./turn.ts";

const effectId = storedId<EffectId>();

const logBody = unionBy<LogBody>()("kind", {
  machine_input: z.looseObject({
    kind: z.literal("machine_input"),
    input: turnInput,
    command: z.exactOptional(json),
    events: z.exactOptional(z.array(machineEvent)),
    turn: z.exactOptional(
      z.looseObject({
        behaviour: z.string(),
        config: z.string(),
        forkOf: z.exactOptional(z.looseObject({ sessionId: z.string(), turnId: z.string(), at: count })),
      }),
    ),
  }),
  effect_intent: z.looseObject({
    kind: z.literal("effect_intent"),
    effectId,
    attempt: count,
    nonce: z.string(),
    startBefore: z.number(),
    reservedNanoUsd: z.exactOptional(count),
    left: z.exactOptional(z.array(leftMessage)),
  }),
  step_done: z.looseObject({ kind: z.literal("step_done"), effectId, stepId: z.string(), value: json }),
  text_delta: z.looseObject({
    kind: z.literal("text_delta"),
    effectId,
    attempt: count,
    text: z.string(),
  }),
  attempt_reset: z.looseObject({ kind: z.literal("attempt_reset"), effectId, attempt: count }),
  pruned: z.looseObject({ kind: z.literal("pruned"), what: z.enum(["text", "turn"]), rows: count }),
  turn_committed: z.looseObject({ kind: z.literal("turn_committed"), sequence: count, digest: z.string() }),
});

const logRow: z.ZodMiniType<LogRow> = z.looseObject({
  seq: z.int().check(z.gte(1)),
  turnId: storedId<TurnId>(),
  ordinal: z.nullable(count),
  at: z.number(),
  body: logBody,
});

const turnConfig: z.ZodMiniType<TurnConfig> = z.looseObject({
  version: z.literal(1),
  protocol: z.string(),
  agent: z.looseObject({
    name: z.string(),
    version: z.exactOptional(z.string()),
    instructions: z.exactOptional(z.string()),
    tools: z.exactOptional(z.array(z.string())),
  }),
  model: z.exactOptional(z.string()),
  tools: z.array(toolDefinition),
  limits,
  refreshTools: z.enum(["turn", "iteration"]),
  ask: z.exactOptional(z.array(z.string())),
  output: z.exactOptional(z.looseObject({ schema: jsonObject })),
  grant: z.exactOptional(z.looseObject({ tools: z.array(z.array(z.string())) })),
  dryRun: z.exactOptional(z.literal(true)),
  environment: z.exactOptional(json),
});

const receipt: z.ZodMiniType<CommitReceipt> = z.looseObject({
  version: z.literal(1),
  sessionId: storedId<SessionId>(),
  runId: storedId<TurnId>(),
  boundary: z.enum(["immediate", "run_start", "run_checkpoint", "turn_end"]),
  sequence: count,
  inputIds: z.array(storedId<InputId>()),
  baseRevision: count,
  revision: count,
  messageCount: count,
  deltaDigest: z.nullable(z.string()),
  outcome: z.nullable(turnOutcome),
  previous: z.nullable(z.string()),
  digest: z.string(),
});

const inputContent: z.ZodMiniType<InputContent> = z.looseObject({
  parts: z.array(inputPart),
  environment: z.exactOptional(json),
});

/** Version of the content of inputs, and of the messages and outcomes that stores keep. */
export const CONTENT_VERSION = 1;

/** What a row of a session's log says. The version stands in a column beside it. */
export const decodeLogBody: DecodeVersioned<LogBody> = versionedDecoder("log body", LOG_VERSION, {
  1: logBody,
});

/** A whole row, as an exported log has it. */
export const decodeLogRow: DecodeVersioned<LogRow> = versionedDecoder("log row", LOG_VERSION, { 1: logRow });

export const decodeTurnConfig: Decode<TurnConfig> = selfVersionedDecoder("turn configuration", 1, {
  1: turnConfig,
});

export const decodeReceipt: Decode<CommitReceipt> = selfVersionedDecoder("commit receipt", 1, { 1: receipt });

export const decodeInputContent: DecodeVersioned<InputContent> = versionedDecoder(
  "input content",
  CONTENT_VERSION,
  { 1: inputContent },
);

export const decodeMessage = versionedDecoder("message", CONTENT_VERSION, { 1: message });
export const decodeTurnOutcome = versionedDecoder("turn outcome", CONTENT_VERSION, { 1: turnOutcome });
export const decodeCancelEvidence = versionedDecoder("cancel request", CONTENT_VERSION, {
  1: cancelEvidence,
});
export const decodeUsage = versionedDecoder("usage", CONTENT_VERSION, { 1: usage });
