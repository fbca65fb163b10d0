import { acceptsInputs, type InputId, inputId, PawlError, sessionId, turnIdOfInput } from "@pawl/core";
import type { Accepted, Inbox, InputRecord, NewInput } from "@pawl/core/ports";
import { earliest, inputDueAt, noteNeed } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { holdSession } from "./fence.ts";
import { frozenCopy, storableKey } from "./frozen-copy.ts";
import { changeInput } from "./input-rows.ts";
import { checkNewRow, checkRows } from "./log-rows.ts";
import { newSession, touch } from "./memory-state.ts";
import type { Sections } from "./sections.ts";

export function inboxSections(context: MemoryContext): Sections<Inbox> {
  const { state, hints, now } = context;

  function due(queued: readonly InputId[], at: number): readonly InputRecord[] {
    return queued.filter((id) => inputDueAt(state, id).at <= at).map((id) => state.inputs.get(id)!);
  }

  return {
    accept(given, options) {
      if (options?.tx !== undefined) {
        throw new PawlError(
          "tx_unsupported",
          "A memory store has no transactions of its caller's: leave `tx` out.",
        );
      }
      return acceptInput(context, given);
    },

    next(fence) {
      const at = now();
      const session = holdSession(state, fence, at);
      if (session.openTurn !== null) return null;
      return due(session.queued, at)[0] ?? null;
    },

    checkpoint(fence, turnId, build, before = []) {
      const at = now();
      const session = holdSession(state, fence, at);
      if (session.openTurn?.turnId !== turnId) {
        throw conflict(`Turn "${turnId}" is not the open turn of "${fence.sessionId}" (D8).`);
      }
      const fresh = checkRows(session, fence, turnId, before);
      session.log.push(...fresh);
      if (fresh.length > 0) hints.appended(session.sessionId);
      // Frozen, since `build` gets it too.
      const claimed = Object.freeze(
        due(session.queued, at)
          .filter((input) => input.delivery !== "next")
          .map((input): InputRecord => Object.freeze({ ...input, state: "staged", turnId })),
      );
      const written = checkNewRow(session, fence, turnId, build(claimed));

      for (const input of claimed) changeInput(state, session, input);
      session.log.push(written);
      hints.appended(session.sessionId);
      return { inputs: claimed, row: written.row };
    },

    load(id) {
      return state.inputs.get(id) ?? null;
    },

    list(id) {
      return [...(state.sessions.get(id)?.inputs ?? [])];
    },
  };
}

/** Everything that can fail comes before the first change. Throws as `Inbox.accept`. */
export function acceptInput({ state, hints, now, digest }: MemoryContext, given: NewInput): Accepted {
  sessionId(given.sessionId);
  inputId(given.inputId);
  const input = frozenCopy(pick(given), "The input");
  if (input.idempotencyKey !== undefined) storableKey(input.idempotencyKey, "The idempotency key");
  const contentDigest = digest({ content: input.content, delivery: input.delivery });
  const known = state.sessions.get(input.sessionId);

  const earlier = input.idempotencyKey === undefined ? undefined : known?.keys.get(input.idempotencyKey);
  if (earlier !== undefined) {
    const first = state.inputs.get(earlier)!;
    if (first.digest === contentDigest) return { input: first, duplicate: true };
    throw conflict("This idempotency key was used for other content: use a new key for a new input.");
  }
  if (state.inputs.has(input.inputId)) throw conflict(`Input id "${input.inputId}" is taken.`);
  if (known !== undefined && !acceptsInputs(known.runtimeState)) {
    throw new PawlError(
      "session_not_accepting",
      `Session "${input.sessionId}" is ${known.runtimeState} and takes no inputs: use another session.`,
    );
  }

  const acceptedAt = now();
  const session = known ?? newSession(state, input.sessionId, acceptedAt);
  const record: InputRecord = Object.freeze({
    ...input,
    position: session.inputs.length + 1,
    state: "queued",
    turnId: input.delivery === "next" ? turnIdOfInput(input.inputId) : null,
    digest: contentDigest,
    acceptedAt,
    lastRunId: null,
    lastBoundarySequence: null,
  });
  state.inputs.set(record.inputId, record);
  session.inputs.push(record);
  session.queued.push(record.inputId);
  if (record.idempotencyKey !== undefined) session.keys.set(record.idempotencyKey, record.inputId);
  // An interrupt must reach a turn that is parked, or about to be (D16). A steer waits.
  if (record.delivery === "interrupt") {
    session.wakeAt = earliest(session.wakeAt, inputDueAt(state, record.inputId).at);
  }
  touch(state, session);
  noteNeed(state, session);
  hints.work(session.sessionId);
  return { input: record, duplicate: false };
}

/** The fields of an input and no others: a caller may hand in something larger. */
function pick(input: NewInput): NewInput {
  const { inputId, sessionId, content, delivery, idempotencyKey, at } = input;
  return {
    inputId,
    sessionId,
    content,
    delivery,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(at !== undefined && { at }),
  };
}
