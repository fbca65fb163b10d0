import { agent, checkAgents, nodeId, type SessionId, standard, type ToolSet, turnId } from "@pawl/core";
import type { Logger, Model, Store } from "@pawl/core/ports";
import { systemClock } from "@pawl/effects";
import { createProcessCommands, createProcessRunner } from "@pawl/effects/processes";
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
import { createTasks } from "./create-tasks.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { allDue, createDueInputs } from "./due-inputs.ts";
import { createDueWaits } from "./due-waits.ts";
import type { Host, HostView } from "./host.ts";
import { createHostAwaitEvents } from "./host-await-events.ts";
import { createHostController } from "./host-controller.ts";
import { createHostEnvironment } from "./host-environment.ts";
import { createHostLife } from "./host-life.ts";
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
import { createTurnHandle } from "./turn.ts";
import { createWaitSettler } from "./wait-settler.ts";
import { createWaits } from "./waits.ts";

/** No daemon, no output of its own: a host that hands in no logger hears nothing. */
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * The default composition: a store remembers, a journaled controller performs, a turn driver drives, a queue runner schedules.
 * Everything is handed in or has a default; a host of other parts is put together the same way.
 */
export function createHost<Tx = never, Tools extends ToolSet = ToolSet>(
  options: HostOptions<Tx, Tools>,
): Host<Tx> {
  // What is handed in, and what stands for it where it is not.
  const { store, clock = systemClock, logger = SILENT, model, publicUrl, observer } = options;
  const newId = options.newId ?? (() => crypto.randomUUID().replaceAll("-", ""));
  const random = Math.random;
  const findModel: (name: string | undefined) => Model = typeof model === "function" ? model : () => model;
  const { limits } = agent({ name: "defaults", ...(options.limits && { limits: options.limits }) });
  const agents = agentsAndDelegates(
    options.agents?.length ? options.agents : [agent({ name: "assistant", limits })],
  );
  checkAgents(agents);

  // What is due: delayed inputs and sleeping turns are claimable from their time on, so whoever looks then finds them.
  const fireDue = allDue(createDueWaits(store.awaits, clock), createDueInputs(store.outbox));
  const timers = createTimerLoop({
    due: () => {
      runner.poke("due");
      return fireDue();
    },
    clock,
    logger,
    random,
  });

  // What is waited for, and who may answer it.
  const awaits = createHostAwaitEvents({
    store,
    secret: options.secret,
    clock,
    due: timers.hint,
    crowded: () => runner.free < runner.inFlight.size,
  });
  const signer = createReceiptSigning(store, options.receiptKey);
  const askedInput = askedInputOf(store);
  const lateOutcomes = createLateOutcomes({
    inbox: store.inbox,
    poke: (id) => life.poke(id, "late outcome"),
    logger,
  });
  const { time } = store;
  const settler = createWaitSettler({ rows: store.awaits, clock, time, signer, askedInput, lateOutcomes });
  const readWaits = createReadWaits();
  const links = createApprovalLinks({
    rows: store.awaits,
    awaits: awaits.ready,
    clock,
    publicUrl,
    askedInput,
  });

  // What performs, and what drives turns with it.
  const commands = createProcessCommands({
    processes: store.processes,
    clock,
    awaits: awaits.ready,
    runner: () => taskRunner,
  });
  const schemas = createKnownSchemas();
  const watching = observed(observer, store.inbox as Store["inbox"], clock);
  const controller = createHostController({
    ...options,
    store,
    clock,
    random,
    agents,
    findModel,
    schemas,
    awaits,
    commands,
    lateOutcomes,
    watching,
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

  // Which session is driven now, and under whose lease.
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
    completed: (id, how) => runner.completeSession(id, "queued_turn_completed", how),
  });
  const runner = createQueueRunner({
    handle: worker,
    clock,
    logger,
    random,
    ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    ...(options.pollMs !== undefined && { pollMs: options.pollMs }),
  });

  // Background tasks and messages. Who has no bodies, or no handlers, asks the store for none.
  const { tasks: bodies = [], outbox: handlers = {} } = options;
  const { processes, outbox } = store;
  const taskRunner =
    bodies.length === 0
      ? undefined
      : createProcessRunner({ processes, bodies, lease: keeper.current, clock, logger });
  const messages =
    Object.keys(handlers).length === 0
      ? undefined
      : createOutboxMessages({ outbox, handlers, clock, logger, random });

  // From the first use to `stop`.
  const { hold } = createKeepAlive();
  const life = createHostLife({
    store,
    clock,
    logger,
    hold,
    keeper,
    runner,
    worker,
    timers,
    fireDue,
    taskRunner,
    messages,
  });

  // What users hold in their hands.
  const handles = {
    clock,
    newId,
    hold,
    poke: life.poke,
    driving: (id: SessionId) => runner.inFlight.has(id),
    due: timers.hint,
    observer,
    acceptHere: acceptHere(runner, worker),
  };

  function viewWith(names: SessionNames): HostView<Tx> {
    const { owner } = names;
    const owned = owner === undefined ? {} : { owner };
    return {
      session: (name) => createSessionHandle(names.stored(name), { ...handles, names, schemas, store }),
      turn: (id) => createTurnHandle(turnId(id), { ...handles, names, store: store as never }),
      async sessions({ limit = 100 } = {}) {
        const records = await store.sessions.list({ limit, ...owned });
        return records.map((record) => shownRecord(record, names));
      },
      counts: () => store.sessions.counts(owned),
      waits: createWaits({
        names,
        open: () => store.open(),
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
        processes,
        startable: bodies,
        commands,
        newId,
        hold,
        poke: () => taskRunner !== undefined && life.startDriving(),
      }),
    };
  }

  const { start, stop, pause, resume, drain, nodeLease, ready } = life;
  return {
    ...viewWith(ALL_SESSIONS),
    as: (owner) => viewWith(namesOf(owner)),
    start,
    stop,
    pause,
    resume,
    drain,
    nodeLease,
    ready,
    nodes: createNodes({ store, clock, hold }),
    backlog: () => store.leases.backlog(),
    deadLetters: createDeadLetters(store as never, () => {
      timers.hint();
      messages?.hint();
    }),
    prune: (request) => pruneStore({ store, clock }, request),
  };
}
