// The one turn that is crashed everywhere: two model calls, three tool calls of which one may happen at most once, an approval, a
// steering input, a commit. Its tools wait for one another, so that the same point means the same past on every machine.
import {
  callId,
  type InputId,
  inputId,
  NO_USAGE,
  type SessionId,
  sessionId,
  type TurnId,
  tool,
  turnIdOfInput,
} from "@pawl/core";
import type { Clock, Logger, Model, Store } from "@pawl/core/ports";
import { createHost, type Host } from "@pawl/host";
import { z } from "zod";
import { CALLED } from "./labels.ts";
import type { Seam } from "./seam.ts";
import { seamStore } from "./seam-store.ts";
import { countOf, type World } from "./world.ts";

export const SESSION: SessionId = sessionId("matrix");
export const INPUT: InputId = inputId("in_matrix");
export const STEER: InputId = inputId("in_steer");
export const TURN: TurnId = turnIdOfInput(INPUT);
/** 32 bytes for these runs only: every process signs with the same key without asking the store for one. */
const SECRET = `k1:${Buffer.from("0123456789abcdefghijklmnopqrstuv").toString("base64")}`;
/** How long a tool may wait for another one. Longer than any machine takes, shorter than a run that hangs. */
const TOOL_MS = 60_000;
/** Of `charge`: so long somebody has to wait before "no" is believed (D12), beside the time in which an attempt may begin. */
const CHARGE_MS = 10_000;

export interface ProcessOptions {
  readonly store: Store<never>;
  readonly seam: Seam;
  readonly world: World;
  /** Names the process in the world and among the nodes. */
  readonly name: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly leaseTtlMs?: number;
  readonly pollMs?: number;
}

/** What one process runs: a host whose every step passes the seam. */
export function hostOf(options: ProcessOptions): Host {
  const { store, seam, world, name, clock, logger, leaseTtlMs, pollMs } = options;
  const approved = () => countOf(world, "approve") > 0;
  return createHost({
    store: seamStore(store, { seam, approved }),
    model: modelOf(options),
    tools: toolsOf(options),
    approvals: { refund: () => true },
    secret: SECRET,
    nodeId: name,
    ...(clock && { clock }),
    ...(logger && { logger }),
    ...(leaseTtlMs !== undefined && { leaseTtlMs }),
    ...(pollMs !== undefined && { pollMs }),
  });
}

function toolsOf({ seam, world, name }: ProcessOptions) {
  const input = z.object({ cents: z.number() });
  const change = (what: string, key: string) => {
    seam.pass(what, "before");
    world.add({ what, key, by: name });
    seam.pass(what, "after");
  };
  return {
    charge: tool({
      description: "Charges a card; nobody can be asked whether it did",
      input,
      onCrash: "ask",
      timeoutMs: CHARGE_MS,
      execute: async ({ cents }, { idempotencyKey, signal }) => {
        await seam.seen("the approval's wait");
        signal.throwIfAborted();
        change("charge", idempotencyKey);
        return { charged: cents };
      },
    }),
    look: tool({
      description: "Looks something up",
      input,
      onCrash: "retry",
      timeoutMs: TOOL_MS,
      execute: async ({ cents }, { idempotencyKey, signal, outbox }) => {
        await seam.seen("outcome of charge", "nobody knows of charge");
        signal.throwIfAborted();
        change("look", idempotencyKey);
        outbox({ topic: "looked", payload: cents });
        return { price: cents };
      },
    }),
    refund: tool({
      description: "Pays back, once somebody has approved it",
      input,
      onCrash: "retry",
      timeoutMs: TOOL_MS,
      execute: ({ cents }, { idempotencyKey, outbox }) => {
        change("refund", idempotencyKey);
        outbox({ topic: "refunded", payload: cents });
        return { refunded: cents };
      },
    }),
  };
}

/** What `charge` answers: a person who says that it happened says this, too. */
export const CHARGED = { charged: 1 };

/** Works out from the request where it is, as every model does: it may be asked again after a crash. */
function modelOf({ seam, world, name }: ProcessOptions): Model {
  return {
    id: "matrix/model",
    async call({ messages }, { onText }) {
      const results = messages.filter(({ role }) => role === "tool").length;
      const call = results === 0 ? "model call 1" : "model call 2";
      seam.pass(call, "before");
      world.add({ what: "model", key: call, by: name });
      onText(results === 0 ? "First this, " : "All of it ");
      // The first half of the text is in the log before the crash in its middle.
      await seam.seen(`text of ${call}`);
      seam.pass(call, "inside");
      onText(results === 0 ? "then that." : "is done.");
      seam.pass(call, "after");
      const said = messages.filter(({ role }) => role === "user").length;
      return {
        ok: true,
        answer: {
          parts:
            results === 0
              ? CALLED.map((tool, index) => ({
                  type: "tool_call" as const,
                  callId: callId(`call_${tool}`),
                  name: tool,
                  input: { cents: index + 1 },
                }))
              : [{ type: "text" as const, text: `All of it is done, as ${said} messages asked for.` }],
          terminalReason: results === 0 ? "tool_use" : "stop",
          usage: { ...NO_USAGE, modelCalls: 1 },
          model: "matrix/model",
        },
      };
    },
  };
}

/** What the turn begins with. Sent before any process that may end is there. */
export async function sendTheInput(store: Store<never>): Promise<void> {
  await store.inbox.accept({
    inputId: INPUT,
    sessionId: SESSION,
    content: { parts: [{ type: "text", text: "Do all of it." }] },
    delivery: "next",
  });
}
