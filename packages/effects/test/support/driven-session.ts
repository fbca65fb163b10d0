import {
  BEHAVIOUR,
  inputId,
  type LogRow,
  nodeId,
  sessionId,
  standard,
  type ToolSet,
  type TurnConfig,
  type TurnLimits,
  type TurnOutcome,
  type TurnProtocol,
  turnIdOfInput,
} from "@pawl/core";
import type { Clock, Delivery, Model, Release, SessionClaim, Store, Toolbox } from "@pawl/core/ports";
import {
  type Executors,
  type Guard,
  journaled,
  modelExecutor,
  staticToolbox,
  toolExecutor,
} from "@pawl/effects";
import {
  createTurnDriver,
  type DriveOptions,
  type TurnDriver,
  type TurnEnvironment,
} from "@pawl/effects/turn-driver";
import { memoryStore } from "@pawl/store-memory";
import { type ManualClock, manualClock, type RecordingLogger, recordingLogger } from "@pawl/testing";
import { configOf } from "./effect-under-test.ts";

export interface DrivenOptions {
  readonly model: Model;
  readonly tools?: ToolSet;
  readonly toolbox?: Toolbox;
  readonly limits?: Partial<TurnLimits>;
  readonly config?: Partial<TurnConfig>;
  readonly guards?: readonly Guard[];
  readonly executors?: Executors;
  /** Default `standard()`. */
  readonly protocol?: TurnProtocol;
  readonly environment?: Partial<TurnEnvironment>;
  readonly maxAttempts?: number;
  /** As another process sees the same store. */
  readonly through?: (store: Store) => Store<never>;
  readonly beside?: DrivenSession;
}

/** A turn driver over the store in memory with time stopped, and one session of it. */
export interface DrivenSession {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly logger: RecordingLogger;
  readonly driver: TurnDriver;
  readonly toolbox: Toolbox;
  send(text: string, options?: { readonly id?: string; readonly delivery?: Delivery }): Promise<void>;
  claim(): Promise<SessionClaim>;
  /** Claims the session, from whoever has it, and drives it. */
  drive(options?: Partial<DriveOptions>): Promise<Release>;
  rows(): Promise<readonly LogRow[]>;
  kinds(): Promise<readonly string[]>;
  outcome(id?: string): Promise<TurnOutcome | null | undefined>;
}

export const SESSION = sessionId("s1");
export const TURN = turnIdOfInput(inputId("in_1"));

export function drivenSession(options: DrivenOptions): DrivenSession {
  const { beside } = options;
  const clock = beside?.clock ?? manualClock();
  const store = beside?.store ?? memoryStore({ clock });
  const seen = options.through?.(store) ?? (store as Store<never>);
  const logger = recordingLogger();
  const toolbox = options.toolbox ?? staticToolbox(options.tools ?? {});
  const config = configOf({ tools: toolbox.definitions, ...options.config });
  const limits = { ...config.limits, ...options.limits };
  const environment: TurnEnvironment = {
    fallback: configOf(),
    prepare: async () => ({ config: { ...config, limits }, toolbox }),
    reopen: async () => toolbox,
    ...options.environment,
  };
  let ids = 0;
  const driver = createTurnDriver({
    store: seen,
    controller: journaled({
      clock,
      guards: options.guards ?? [],
      executors: {
        model_call: modelExecutor(options.model, { clock: clock as Clock, random: () => 0.5 }),
        tool_call: toolExecutor({ clock, random: () => 0.5 }),
        ...options.executors,
      },
    }),
    environment,
    protocol: options.protocol ?? standard(),
    clock,
    newId: () => `id-${(beside === undefined ? 0 : 1e6) + ids++}`,
    logger,
    stintMs: 1e9,
    ...(options.maxAttempts !== undefined && { maxAttempts: options.maxAttempts }),
  });
  let inputs = 0;

  const session: DrivenSession = {
    clock,
    store,
    logger,
    driver,
    toolbox,
    async send(text, { id, delivery = "next" } = {}) {
      inputs += 1;
      await store.inbox.accept({
        inputId: inputId(id ?? `in_${inputs}`),
        sessionId: SESSION,
        content: { parts: [{ type: "text", text }] },
        delivery,
      });
    },
    async claim() {
      const node = await seen.leases.openNode(nodeId("n1"), { ttlMs: 1e12 });
      const [claim] = await seen.leases.claim(node, {
        sessionId: SESSION,
        limit: 1,
        behaviours: [BEHAVIOUR],
      });
      if (claim === undefined) throw new Error("There is nothing to claim.");
      return claim;
    },
    async drive({ signal = new AbortController().signal, ...under } = {}) {
      return driver.drive(await session.claim(), { signal, ...under });
    },
    rows: () => store.log.read(SESSION),
    kinds: async () => (await session.rows()).map(rowName),
    async outcome(id = "in_1") {
      const committed = await store.sessions.loadCommitted(turnIdOfInput(inputId(id)));
      return committed?.receipt.outcome;
    },
  };
  return session;
}

function rowName({ body }: LogRow): string {
  if (body.kind !== "machine_input") return body.kind;
  const { input } = body;
  if (input.type === "effect_settled") return `settled ${input.effectId}`;
  return input.type === "timer_fired" ? `timer ${input.timer}` : input.type;
}
