import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AbsentPeer, Cell, Subject } from "../cell.ts";
import { sharedSample } from "../shared-sample.ts";
import { type Crash, crash } from "../systems/crash.ts";
import {
  ABSURD,
  DBOS,
  GRAPHILE,
  LANGGRAPH,
  PAWL,
  PG_BOSS,
  RESTATE,
  unable,
  VERCEL_WORKFLOW,
} from "../systems/names.ts";
import { openHomes, type SystemName } from "../systems/open-systems.ts";
import { subjectOf } from "../systems/system-subjects.ts";

const RESTARTED = [
  PAWL,
  DBOS,
  RESTATE,
  ABSURD,
  LANGGRAPH,
  VERCEL_WORKFLOW,
  unable(GRAPHILE, "It knows no steps: a job that was cut off is repeated as a whole, four hours later."),
  unable(
    PG_BOSS,
    "It knows no steps: a job that was cut off is repeated as a whole, by default 15 minutes later.",
  ),
];
const TAKEN_OVER = [PAWL, ABSURD];
const NO_OTHER_NODE: readonly AbsentPeer[] = [
  {
    name: "DBOS on another node",
    reason:
      "It recovers what another process had begun only with its Conductor, a service, or when somebody asks for it.",
  },
  {
    name: "Restate on another node",
    reason:
      "Its server calls the address that was registered again; a load balancer before the handlers decides who that is.",
  },
  {
    name: "Vercel Workflow on another node",
    reason:
      "Its queue is graphile-worker's, which gives the jobs of a crashed worker to others after four hours.",
  },
  { name: "LangGraph on another node", reason: "Nobody goes on with a thread unless it is invoked again." },
];

export const peersCrashCell: Cell = {
  name: "peers-crash",
  title: "After kill -9 in the middle of a workflow, beside other systems",
  about: `
    A workflow of 60 steps of 5 ms. Its process is ended by SIGKILL at the 30th. Each step writes a line to
    a file, outside of every runtime, when it is performed, so that nobody's own account is believed. *After
    a restart*: from the start of the same process again, with its imports and connections, to its first
    step. *On another node*: a second process was there all the time; from the kill to its first step. A
    recorded step is one after which the next had begun. All steps must have been performed in the end.
    Every system has Pawl's default lease of 15 s where it has one that can be set.
  `,
  notShown: `
    A machine that is lost with its disk, a database that dies, and handlers behind a load balancer. Pawl's
    two processes have one node id before and after the restart, as a service that is restarted in place
    has. LangGraph does not recover by itself: it is invoked again after the restart, and that is in its
    time. A step that was under way at the kill is performed again by everybody here, since nobody can know
    whether it happened; Pawl can ask instead (\`onCrash: "ask"\`).
  `,
  whereItGoes: `
    On another node Pawl hears of the death by the dead one's lock within some milliseconds; the rest is the take-over (the node, its sessions, a
    claim), the replay of the log and the step itself, while the machine is busy ending and starting processes. After a restart it is mostly
    the start of the process: Node, the imports and the first connections.
  `,
  maxRounds: 3,
  noWarmUp: true,
  async open() {
    const homes = await openHomes();
    const file = await mkdtemp(join(tmpdir(), "pawl-bench-steps-"));
    const absent: AbsentPeer[] = [...NO_OTHER_NODE];
    const subjects: Subject[] = [];

    async function crashOf(name: SystemName, then: "restart" | "other"): Promise<Crash> {
      const home = await homes.make(name);
      try {
        return await crash(home, { file, then, recover: name === LANGGRAPH });
      } finally {
        await home.close();
      }
    }

    // Those that wait for a lease or for a retry do so at the same time: they need no processor for that.
    const waiting = [
      [PAWL, "other"],
      [ABSURD, "other"],
      [ABSURD, "restart"],
      [VERCEL_WORKFLOW, "restart"],
    ] as const;
    const slow = sharedSample(async () => {
      const present = waiting.filter(([{ missing }]) => missing?.() === undefined);
      const crashes = await Promise.all(present.map(([name, then]) => crashOf(name, then)));
      return (name: SystemName, then: "restart" | "other") =>
        crashes[present.findIndex(([one, way]) => one === name && way === then)]!;
    });

    const target = { of: "peer", atMost: 1 } as const;
    const none = { of: "value", atMost: 0 } as const;
    for (const name of RESTARTED) {
      const reason = name.missing?.();
      if (reason !== undefined) {
        absent.push({ name: name.name, reason });
        continue;
      }
      const quick = sharedSample(() => crashOf(name, "restart"));
      const read = (of: (crash: Crash) => number) =>
        waiting.some(([one, then]) => one === name && then === "restart")
          ? slow((crashed) => of(crashed(name, "restart")))
          : quick(of);
      const add = (of: string, unit: string, value: (crash: Crash) => number, aim?: Subject["target"]) =>
        subjects.push(
          subjectOf(
            name.name,
            { of, unit, compared: unit === "ms", ...(aim && { target: aim }) },
            read(value),
          ),
        );
      add("goes on after a restart", "ms", ({ resumedMs }) => resumedMs, target);
      add("recorded steps performed twice", "steps", ({ recordedTwice }) => recordedTwice, none);
      add("interrupted step performed again", "steps", ({ interruptedTwice }) => interruptedTwice);
    }
    for (const name of TAKEN_OVER) {
      if (name.missing?.() !== undefined) continue;
      const figure = {
        of: "goes on on another node",
        unit: "ms",
        target: { of: "value", atMost: 15_000 },
      } as const;
      subjects.push(
        subjectOf(
          name.name,
          figure,
          slow((crashed) => crashed(name, "other").resumedMs),
        ),
        subjectOf(
          name.name,
          {
            of: "recorded steps performed twice, another node",
            unit: "steps",
            compared: false,
            target: none,
          },
          slow((crashed) => crashed(name, "other").recordedTwice),
        ),
      );
    }
    return {
      subjects,
      absent,
      async close() {
        await homes.close();
        await rm(file, { recursive: true, force: true });
      },
    };
  },
};
