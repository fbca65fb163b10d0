import {
  BEHAVIOUR,
  callId,
  DEFAULT_LIMITS,
  inputId,
  NO_USAGE,
  nodeId,
  type SessionId,
  sessionId,
  standard,
  type TurnConfig,
  turnIdOfInput,
} from "@pawl/core";
import type { Logger, Model, NodeLease, SessionClaim, Store, Toolbox } from "@pawl/core/ports";
import { journaled, modelExecutor, systemClock, toolExecutor } from "@pawl/effects";
import { createTurnDriver } from "@pawl/effects/turn-driver";

/** Turns of a scripted model over a store, driven as a host drives them. */
export interface DurableTurns {
  /** Queues one input in each of `count` new sessions and takes them. */
  prepare(count: number): Promise<readonly SessionClaim[]>;
  /** Drives the turn of each, all at once, to its commit. */
  drive(claims: readonly SessionClaim[]): Promise<void>;
  /** How many effects and steps of effects their logs hold. @throws Error for a turn that did not complete */
  effectsOf(claims: readonly SessionClaim[]): Promise<number>;
}

export interface TurnShape {
  /** Answers of the model that call the tool, before the one that ends the turn. */
  readonly calls: number;
  /** Steps in the body of each call, one after another; 0 for a tool that is one piece. Default 0. */
  readonly steps?: number;
}

function toolboxOf(steps: number): Toolbox {
  const composite = steps > 0 && { composite: true };
  return {
    definitions: [{ name: "work", description: "Works", inputSchema: {}, onCrash: "retry", ...composite }],
    async execute(_call, { step }) {
      for (let i = 0; i < steps; i++) await step!(`step-${i}`, async () => ({ done: true }));
      return { status: "ok", output: { done: true } };
    },
  };
}

const LEASE_MS = 600_000;

export function durableTurns(
  store: Store<never>,
  inbox: Store["inbox"],
  { calls, steps = 0 }: TurnShape,
): DurableTurns {
  const work = toolboxOf(steps);
  const config: TurnConfig = {
    version: 1,
    protocol: "standard",
    agent: { name: "clerk" },
    tools: work.definitions,
    limits: { ...DEFAULT_LIMITS, maxIterations: calls + 1 },
    refreshTools: "turn",
  };
  const clock = systemClock;
  const driver = createTurnDriver({
    store,
    controller: journaled({
      clock,
      guards: [],
      executors: {
        model_call: modelExecutor(workingModel(calls), { clock, random: Math.random }),
        tool_call: toolExecutor({ clock, random: Math.random }),
      },
    }),
    environment: {
      fallback: config,
      prepare: async () => ({ config, toolbox: work }),
      reopen: async () => work,
    },
    protocol: standard(),
    clock,
    newId: () => crypto.randomUUID(),
    logger: LOUD,
  });
  const run = crypto.randomUUID().slice(0, 8);
  let sessions = 0;
  let node: NodeLease | undefined;

  return {
    async prepare(count) {
      node ??= await store.leases.openNode(nodeId(`bench-${run}`), { ttlMs: LEASE_MS });
      const claims: SessionClaim[] = [];
      for (let i = 0; i < count; i++) {
        sessions += 1;
        const id = sessionId(`s${run}-${sessions}`);
        const content = { parts: [{ type: "text" as const, text: "Work." }] };
        await inbox.accept({ inputId: inputOf(id), sessionId: id, content, delivery: "next" });
        const request = { sessionId: id, limit: 1, behaviours: [BEHAVIOUR] };
        const [claim] = await store.leases.claim(node, request);
        if (claim === undefined) throw new Error(`${id} cannot be claimed.`);
        claims.push(claim);
      }
      return claims;
    },
    async drive(claims) {
      const { signal } = new AbortController();
      await Promise.all(claims.map((claim) => driver.drive(claim, { signal })));
    },
    async effectsOf(claims) {
      let effects = 0;
      for (const claim of claims) {
        const turn = await store.sessions.loadCommitted(turnIdOfInput(inputOf(claim.sessionId)));
        const outcome = turn?.receipt.outcome;
        if (outcome?.status !== "completed") throw new Error(`A turn came to ${JSON.stringify(outcome)}.`);
        const rows = await store.log.read(claim.sessionId);
        effects += rows.filter(
          ({ body }) =>
            body.kind === "step_done" ||
            (body.kind === "machine_input" && body.input.type === "effect_settled"),
        ).length;
      }
      return effects;
    },
  };
}

function inputOf(session: SessionId) {
  return inputId(`in_${session}`);
}

/** Calls the tool until it has answered `iterations` times. */
function workingModel(iterations: number): Model {
  return {
    id: "bench/model",
    async call({ messages }) {
      const answered = messages.filter(({ role }) => role === "assistant").length;
      const call = { type: "tool_call", callId: callId(`c${answered}`), name: "work", input: {} } as const;
      const going = answered < iterations;
      return {
        ok: true,
        answer: {
          parts: [going ? call : ({ type: "text", text: "Done." } as const)],
          terminalReason: going ? "tool_use" : "stop",
          usage: NO_USAGE,
          model: "bench/model",
        },
      };
    },
  };
}

/** What goes wrong while measuring makes the figure worthless, so it is said. */
const say = (message: string, facts?: object) =>
  void process.stderr.write(`${message} ${JSON.stringify(facts)}\n`);
const LOUD: Logger = { debug() {}, info() {}, warn: say, error: say };
