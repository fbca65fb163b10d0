import { bareCommits } from "../bare-commits.ts";
import type { Cell, Subject } from "../cell.ts";
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
import { openSystems } from "../systems/open-systems.ts";
import { subjectOf } from "../systems/system-subjects.ts";

const NO_STEPS = "It runs jobs, and knows no steps within one.";
const SYSTEMS = [
  PAWL,
  DBOS,
  RESTATE,
  ABSURD,
  LANGGRAPH,
  VERCEL_WORKFLOW,
  unable(GRAPHILE, NO_STEPS),
  unable(PG_BOSS, NO_STEPS),
];
const ALONE = 1_000;
const AT_ONCE = 32;
const EACH = 100;
const SLOW_SHARE = 0.1;

export const peersStepsCell: Cell = {
  name: "peers-steps",
  title: "Durable steps, beside other systems",
  about: `
    Durable steps: one workflow's, one after another, and those of 32 workflows at once, each system in a
    process of its own over one PostgreSQL with its default durability. A workflow is a function that calls
    the system's \`step\`: Pawl's is the body of a composite tool, which one turn of an agent calls once, so
    its time has that turn in it. The rows of *calls* are what an agent makes of its own: one turn that calls
    a model and a tool in turn, which also decides after each, asks guards and budgets, and keeps the
    conversation. The others do nothing of that, and are compared by their steps all the same. The time is
    from asking for the workflows or turns to having their results. The floor is one-row commits, one after
    another, by bare \`pg\` on one connection.
  `,
  notShown: `
    Steps do nothing, so this is what durability costs and not what a workflow takes. Restate keeps its own log instead of PostgreSQL, on the same
    disk. Vercel Workflow is asked for a tenth of the steps, and replays all before at each: it does no better with more. A step of LangGraph is a superstep, with a checkpoint of all the state.
  `,
  whereItGoes: `
    One workflow's step is one commit, so it cannot be faster than the floor. What is above it is in equal
    parts PostgreSQL asking the fence before it writes the row, and this process between an answer and the
    next row, with cold caches after each wait: the outcome is taken, the body goes on, and its next value is
    checked, encoded and sent. A call of a model or a tool takes this process twice as long: guards, executor
    and machine. Of many workflows the steps share commits, and one core of Node is what is used up. A quarter of
    the time is the turns around the steps: 32 inputs are accepted and claimed in two statements and their turns
    begun in two, so all take their steps after 15 to 25 ms, and their last answers and commits take as long. The
    rest are steps: a quarter of it is the socket, a fifth encoding rows and grouping them, a fifth the lane and
    the journal, the rest collecting garbage and waiting for PostgreSQL, which takes most of a batch's time to
    insert its rows and to flush.
  `,
  maxRounds: 5,
  async open() {
    const systems = await openSystems(SYSTEMS);
    const bare = await bareCommits(systems.url);
    const floor = "commits of one row, bare pg";
    const alone = ALONE.toLocaleString("en-US");
    const calls = {
      one: { of: `${alone} calls of a model and a tool, in one turn`, unit: "/s", floor },
      many: { of: `${AT_ONCE} turns of ${EACH} such calls`, unit: "/s", floor },
    };
    const one = { of: `${alone} steps of one workflow`, unit: "/s", floor, alsoOurs: [calls.one.of] };
    const many = {
      of: `${AT_ONCE} workflows of ${EACH} steps`,
      unit: "/s",
      floor,
      alsoOurs: [calls.many.of],
    };
    const subjects: Subject[] = [{ name: floor, unit: "/s", sample: () => bare.perSecond(ALONE) }];
    for (const [name, { worker, name: system }] of systems.running) {
      const share = system.slow === true ? SLOW_SHARE : 1;
      const perSecond = async (count: number, steps: number, what: "workflows" | "calls" = "workflows") =>
        (1_000 * count * steps) / (await worker.ask(what, count, steps));
      subjects.push(
        subjectOf(name, { ...one, target: { of: "peer", atLeast: 2 } }, () =>
          perSecond(1, Math.ceil(ALONE * share)),
        ),
        subjectOf(name, { ...many, target: { of: "peer", atLeast: 5 } }, () =>
          perSecond(AT_ONCE, Math.ceil(EACH * share)),
        ),
      );
      if (name !== PAWL.name) continue;
      subjects.push(
        subjectOf(name, calls.one, () => perSecond(1, ALONE, "calls")),
        subjectOf(name, calls.many, () => perSecond(AT_ONCE, EACH, "calls")),
      );
    }
    return {
      subjects,
      absent: systems.absent,
      async close() {
        await bare.close();
        await systems.close();
      },
    };
  },
};
