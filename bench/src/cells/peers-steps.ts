import { bareCommits } from "../bare-commits.ts";
import type { Cell, Subject } from "../cell.ts";
import { ABSURD, DBOS, LANGGRAPH, PAWL, RESTATE, VERCEL_WORKFLOW } from "../systems/names.ts";
import { openSystems } from "../systems/open-systems.ts";
import { subjectOf } from "../systems/system-subjects.ts";

const SYSTEMS = [PAWL, DBOS, RESTATE, ABSURD, LANGGRAPH, VERCEL_WORKFLOW];
const ALONE = 1_000;
const AT_ONCE = 32;
const EACH = 100;
const SLOW_SHARE = 0.1;

export const peersStepsCell: Cell = {
  name: "peers-steps",
  title: "Durable steps, beside other systems",
  about: `
    Durable steps: one workflow's, one after another, and those of 32 workflows at once, each system in a
    process of its own over one PostgreSQL with its default durability. The time is from asking for the
    workflows to having their results. The floor is one-row commits, one after another, by bare \`pg\` on
    one connection.
  `,
  notShown: `
    Steps do nothing, so this is what durability costs and not what a workflow takes. Pawl's workflow is a
    turn, whose steps are calls of a model and of a tool: it also decides, checks budgets and keeps the
    conversation, which the others do not. Restate keeps its own log instead of PostgreSQL, on the same
    disk. Vercel Workflow is asked for a tenth of the steps, and replays all before at each: it does no better with more. A step of LangGraph is a superstep, with a checkpoint of all the state.
  `,
  whereItGoes: `
    One workflow's step is one commit, so it cannot be faster than the floor. On a disk that takes no time a
    step takes twice as long as a commit of the floor: of what is above it a third is PostgreSQL asking the
    fence before it writes the row, and two thirds are this process, which decides what comes next, performs
    it and encodes its outcome: with cold caches after each wait, so that a row takes several times as long to
    encode as in a loop. Of many workflows the steps share commits, and one core of Node is what is used
    up: a third of it by encoding rows and grouping them, a third by deciding and performing, a fifth by the
    driver of PostgreSQL and its socket, the rest by collecting garbage and going from turn to turn.
  `,
  maxRounds: 5,
  async open() {
    const systems = await openSystems(SYSTEMS);
    const bare = await bareCommits(systems.url);
    const floor = "commits of one row, bare pg";
    const one = { of: `${ALONE.toLocaleString("en-US")} steps of one workflow`, unit: "/s", floor };
    const many = { of: `${AT_ONCE} workflows of ${EACH} steps`, unit: "/s", floor };
    const subjects: Subject[] = [{ name: floor, unit: "/s", sample: () => bare.perSecond(ALONE) }];
    for (const [name, { worker, name: system }] of systems.running) {
      const share = system.slow === true ? SLOW_SHARE : 1;
      const perSecond = async (count: number, steps: number) =>
        (1_000 * count * steps) / (await worker.ask("workflows", count, steps));
      subjects.push(
        subjectOf(name, { ...one, target: { of: "peer", atLeast: 2 } }, () =>
          perSecond(1, Math.ceil(ALONE * share)),
        ),
        subjectOf(name, { ...many, target: { of: "peer", atLeast: 5 } }, () =>
          perSecond(AT_ONCE, Math.ceil(EACH * share)),
        ),
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
