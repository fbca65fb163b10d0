import {
  agent,
  agentRef,
  checkAgents,
  type Json,
  jsonSchemaOf,
  nodeId,
  type SessionId,
  standard,
  type ToolSet,
  turnId,
} from "@pawl/core";
import type { Logger, Model, Store } from "@pawl/core/ports";
import {
  type ChildRequest,
  childTurnExecutor,
  delegatingExecutor,
  journaled,
  modelExecutor,
  processExecutor,
  sleepExecutor,
  syncEnvironmentExecutor,
  systemClock,
  toolExecutor,
} from "@pawl/effects";
import { type ApprovalPolicy, approvalGuard, grantGuard } from "@pawl/effects/guards";
import { createProcessCommands, createProcessRunner, processWaitExecutor } from "@pawl/effects/processes";
import { createTurnDriver } from "@pawl/effects/turn-driver";
import {
  createLeaseKeeper,
  createQueueRunner,
  createSessionWorker,
  createTimerLoop,
  type SessionWorker,
} from "@pawl/queue-runner";
import { acceptHere } from "./accept-here.ts";
import { agentsAndDelegates } from "./agents-and-delegates.ts";
import { askedInputOf, createApprovalLinks } from "./approval-links.ts";
import { createReceiptSigning } from "./approval-receipts.ts";
import { createApprovals } from "./approvals.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { allDue, createDueInputs } from "./due-inputs.ts";
import { watchDueSessions } from "./due-sessions.ts";
import { createDueWaits } from "./due-waits.ts";
import type { Host, HostView } from "./host.ts";
import { createHostAwaitEvents } from "./host-await-events.ts";
import { createHostEnvironment } from "./host-environment.ts";
import type { HostOptions } from "./host-options.ts";
import { createKeepAlive } from "./keep-alive.ts";
import { createKnownSchemas } from "./known-schemas.ts";
import { createLateOutcomes } from "./late-outcomes.ts";
import { createNodes } from "./nodes.ts";
import { observed } from "./observed.ts";
import { createOutboxMessages } from "./outbox-messages.ts";
import { pruneStore } from "./prune.ts";
import { createReadWaits } from "./read-waits.ts";
import { createSessionHandle, shownRecord } from "./session.ts";
import { ALL_SESSIONS, namesOf, type SessionNames } from "./session-names.ts";
import { createTasks } from "./tasks.ts";
import { createTurnHandle } from "./turn.ts";
import { readTurnRequest, writeTurnRequest } from "./turn-request.ts";
import { createWaitSettler } from "./wait-settler.ts";
import { createWaits } from "./waits.ts";

/** No daemon, no output of its own: a host that hands in no logger hears nothing. */
/** How long a host that starts waits for its first claim before it looks at anything else, in milliseconds. */
const FIRST_CLAIM_MS = 50;

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * The default composition: a store remembers, a journaled controller performs, a turn driver drives, a queue runner schedules.
 * Everything is handed in or has a default; a host of other parts is put together the same way.
 */
export function createHost<Tx = never, Tools extends ToolSet = ToolSet>(
  options: HostOptions<Tx, Tools>,
): Host<Tx> {
  const { store, clock = systemClock, logger = SILENT } = options;
  const newId = options.newId ?? (() => crypto.randomUUID().replaceAll("-", ""));
  const random = Math.random;
  const { model } = options;
  const findModel: (name: string | undefined) => Model = typeof model === "function" ? model : () => model;
  const { limits } = agent({ name: "defaults", ...(options.limits && { limits: options.limits }) });
  const agents = agentsAndDelegates(
    options.agents?.length ? options.agents : [agent({ name: "assistant", limits })],
  );
  checkAgents(agents);

  const fireDue = allDue(createDueWaits(store.awaits, clock), createDueInputs(store.outbox));
  const timers = createTimerLoop({
    due: () => {
      // Delayed inputs and sleeping turns are claimable from their time on: whoever looks then finds them.
      runner.poke("due");
      return fireDue();
    },
    clock,
    logger,
    random,
  });
  const awaits = createHostAwaitEvents({ store, secret: options.secret, clock, due: timers.hint });
  const signer = createReceiptSigning(store, options.receiptKey);
  const askedInput = askedInputOf(store);
  const lateOutcomes = createLateOutcomes({
    inbox: store.inbox,
    poke: (id) => poke(id, "late outcome"),
    logger,
  });
  const settler = createWaitSettler({ rows: store.awaits, clock, signer, askedInput, lateOutcomes });
  const readWaits = createReadWaits();
  const { publicUrl } = options;
  const links = createApprovalLinks({
    rows: store.awaits,
    awaits: awaits.ready,
    clock,
    publicUrl,
    askedInput,
  });

  const commands = createProcessCommands({
    processes: store.processes,
    clock,
    awaits: awaits.ready,
    runner: () => taskRunner,
  });

  const policies = (options.approvals ?? {}) as Readonly<Record<string, ApprovalPolicy>>;
  const schemas = createKnownSchemas();
  for (const { name, output } of agents) {
    if (output !== undefined) schemas.add(jsonSchemaOf(output, `agent "${name}"`), output);
  }
  const { inbox, sessions } = store;
  const watching = observed(options.observer, store.inbox as Store["inbox"], clock);
  const delegation = {
    inbox,
    ...(watching.traceOf && { traceOf: watching.traceOf }),
    write: (request: ChildRequest) => writeTurnRequest(request) ?? null,
    read: (environment: Json | undefined) => {
      const { limits = {}, parent } = readTurnRequest(environment);
      return { limits, parent };
    },
    limitsOf: (ref: string) => agents.find((known) => agentRef(known) === ref)?.limits,
  };
  const parentOf = (environment: Json | undefined) => delegation.read(environment).parent;
  const waitForTasks = processWaitExecutor(awaits.executors.await_event, {
    processes: store.processes,
    awaits: awaits.ready,
  });
  const controller = journaled({
    clock,
    guards: [
      // What is not allowed at all needs nobody's approval.
      ...(options.grants === undefined ? [] : [grantGuard(options.grants, clock)]),
      approvalGuard({
        policies,
        clock,
        ...(options.approvalsExpireMs !== undefined && { expiresInMs: options.approvalsExpireMs }),
      }),
    ],
    executors: watching.executors({
      model_call: modelExecutor(findModel, {
        clock,
        random,
        findSchema: schemas.find,
        attachments: store.attachments,
      }),
      tool_call: delegatingExecutor(
        toolExecutor({
          clock,
          random,
          awaits: awaits.ready,
          attachments: store.attachments,
          late: lateOutcomes.told,
        }),
        delegation,
      ),
      sleep: sleepExecutor({ clock }),
      process: processExecutor(commands),
      sync_environment: syncEnvironmentExecutor,
      ...awaits.executors,
      await_event: childTurnExecutor(waitForTasks, { sessions, inbox, parentOf }),
    }),
  });
  const environment = createHostEnvironment({
    agents,
    tools: options.tools ?? {},
    toolProvider: options.toolProvider,
    findModel,
    limits,
  });
  const driver = createTurnDriver({
    store: watching.store(store),
    controller,
    environment,
    protocol: standard(),
    clock,
    newId,
    logger,
    ...(options.maxAttempts !== undefined && { maxAttempts: options.maxAttempts }),
  });
  const keeper = createLeaseKeeper({
    leases: store.leases,
    nodeId: nodeId(options.nodeId ?? `node_${newId()}`),
    clock,
    logger,
    ttlMs: options.leaseTtlMs ?? 15_000,
  });
  const worker: SessionWorker = createSessionWorker({
    leases: store.leases,
    keeper,
    clock,
    logger,
    random,
    behaviours: driver.behaviours,
    drive: driver.drive,
    completed: (id) => runner.completeSession(id, "queued_turn_completed"),
  });
  const runner = createQueueRunner({
    handle: worker,
    clock,
    logger,
    random,
    ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    ...(options.pollMs !== undefined && { pollMs: options.pollMs }),
  });

  const bodies = options.tasks ?? [];
  // Who has no bodies asks the store for none.
  const taskRunner =
    bodies.length === 0
      ? undefined
      : createProcessRunner({ processes: store.processes, bodies, lease: keeper.current, clock, logger });

  const handlers = options.outbox ?? {};
  // Who has no handlers asks the store for no messages.
  const messages =
    Object.keys(handlers).length === 0
      ? undefined
      : createOutboxMessages({ outbox: store.outbox, handlers, clock, logger, random });

  const keepAlive = createKeepAlive();
  let started: Promise<void> | undefined;
  let stopped = false;
  let unlisten = () => {};
  let letGo = () => {};

  function begin(): Promise<void> {
    started ??= openAll().catch((cause: unknown) => {
      // The next caller tries again.
      started = undefined;
      throw cause;
    });
    return started;
  }

  async function openAll(): Promise<void> {
    await store.open();
    await keeper.current();
    if (stopped) return;
    const unlistenWork = store.leases.onWork((id) =>
      id === undefined ? runner.poke("hint") : runner.pokeSession(id, "hint"),
    );
    const unlistenDue = watchDueSessions(store.leases, clock, timers.hint);
    unlisten = () => {
      unlistenWork();
      unlistenDue();
    };
    // First: most hosts have no bodies, and those that do may find a long queue of them.
    taskRunner?.start();
    runner.start();
    // What goes on is what a restart is waited for: the rest does not take the connections that there are from its claims.
    void Promise.race([runner.settled(), until(clock.now() + FIRST_CLAIM_MS)]).then(() => {
      if (stopped) return;
      timers.start();
      messages?.start();
    });
  }

  function poke(id: Parameters<typeof runner.pokeSession>[0], reason: string): void {
    startDriving(() => runner.pokeSession(id, reason));
  }

  function startDriving(then = () => {}): void {
    if (stopped) return;
    begin().then(then, (cause: unknown) => {
      if (!stopped) logger.error("this host could not begin to drive", { message: String(cause) });
    });
  }

  const driving = (id: SessionId) => runner.inFlight.has(id);
  const handles = {
    clock,
    newId,
    hold: keepAlive.hold,
    poke,
    driving,
    due: timers.hint,
    observer: options.observer,
    acceptHere: acceptHere(runner, worker),
  };

  const open = () => store.open();

  function viewWith(names: SessionNames): HostView<Tx> {
    const { owner } = names;
    return {
      session: (name) => createSessionHandle(names.stored(name), { ...handles, names, schemas, store }),
      turn: (id) => createTurnHandle(turnId(id), { ...handles, names, store: store as never }),
      async sessions({ limit = 100 } = {}) {
        const records = await store.sessions.list({ limit, ...(owner !== undefined && { owner }) });
        return records.map((record) => shownRecord(record, names));
      },
      counts: () => store.sessions.counts(owner === undefined ? {} : { owner }),
      waits: createWaits({
        names,
        open,
        rows: store.awaits,
        awaits: awaits.ready,
        settler,
        readWaits,
        links,
        clock,
      }),
      approvals: createApprovals({ names, store, links, settler, readWaits, signer }),
      tasks: createTasks({
        names,
        processes: store.processes,
        startable: bodies,
        commands,
        newId,
        hold: keepAlive.hold,
        poke: () => taskRunner !== undefined && startDriving(),
      }),
    };
  }

  return {
    ...viewWith(ALL_SESSIONS),
    as: (owner) => viewWith(namesOf(owner)),
    async start() {
      await begin();
      letGo = keepAlive.hold();
    },
    async stop({ drainMs = 4_000 } = {}) {
      stopped = true;
      unlisten();
      const release = keepAlive.hold();
      try {
        // A store that cannot be reached must not keep this process from ending.
        const begun = started && Promise.race([started.catch(() => {}), until(clock.now() + drainMs)]);
        await Promise.all([
          runner.stop({ drainMs }),
          taskRunner?.stop({ drainMs }),
          messages?.stop(),
          timers.stop(),
          begun,
        ]);
        await keeper.close();
      } finally {
        release();
        letGo();
      }
    },
    pause: runner.pause,
    resume: runner.resume,
    async drain({ maxMs }) {
      const before = worker.driven;
      const deadline = clock.now() + maxMs;
      const release = keepAlive.hold();
      try {
        await begin();
        await fireDue();
        runner.poke("drain");
        while (clock.now() < deadline) {
          await Promise.race([runner.settled(), until(deadline)]);
          if (runner.inFlight.size === 0) break;
          await Promise.race([worker.idle(), until(deadline)]);
        }
        await Promise.race([messages?.drain(), until(deadline)]);
      } finally {
        release();
      }
      return { driven: worker.driven - before };
    },
    nodes: createNodes({ store, clock, hold: keepAlive.hold }),
    backlog: () => store.leases.backlog(),
    deadLetters: createDeadLetters(store as never, () => {
      timers.hint();
      messages?.hint();
    }),
    prune: (request) => pruneStore({ store, clock }, request),
    async nodeLease() {
      await store.open();
      return (await keeper.current()).lease;
    },
    async ready() {
      return !stopped && keeper.held;
    },
  };

  function until(at: number): Promise<void> {
    return new Promise((resolve) => {
      clock.at(at, resolve);
    });
  }
}
