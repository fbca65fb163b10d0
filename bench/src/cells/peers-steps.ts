import pg from "pg";
import type { Cell, Subject } from "../cell.ts";
import { wallMs } from "../stopwatch.ts";
import { ABSURD, DBOS, LANGGRAPH, PAWL, RESTATE, VERCEL_WORKFLOW } from "../systems/names.ts";
import { openSystems } from "../systems/open-systems.ts";

const PEERS = [DBOS, RESTATE, ABSURD, LANGGRAPH, VERCEL_WORKFLOW];
const BODY = JSON.stringify({ step: "x".repeat(200) });
const AT_ONCE = 32;

/**
 * Durable steps: one workflow's, one after another, and those of 32 workflows at once, each system in a process of its own over one
 * PostgreSQL with its default durability. The time is from asking for the workflows to having their results. The floor is one-row
 * commits, one after another, by bare `pg` on one connection.
 *
 * Steps do nothing, so this is what durability costs and not what a workflow takes. Pawl's workflow is a turn, whose steps are calls
 * of a model and of a tool: it also decides, checks budgets and keeps the conversation, which the others do not. Restate keeps its
 * own log instead of PostgreSQL, on the same disk. A step of LangGraph is a superstep, with a checkpoint of all the state.
 */
export const peersStepsCell: Cell = {
  name: "peers-steps",
  maxRounds: 5,
  async open({ scale }) {
    const systems = await openSystems([PAWL, ...PEERS]);
    const bare = new pg.Client({ connectionString: systems.url });
    bare.on("error", () => undefined);
    await bare.connect();
    await bare.query("create table floor (id bigint generated always as identity primary key, body jsonb)");
    const alone = 250 * scale;
    const each = 25 * scale;

    async function commitsPerSecond(): Promise<number> {
      const ms = await wallMs(async () => {
        for (let i = 0; i < alone; i++)
          await bare.query({ name: "floor", text: "insert into floor (body) values ($1)", values: [BODY] });
      });
      return (1_000 * alone) / ms;
    }

    const floor = "commits of one row, bare pg";
    const one = `${alone} steps of one workflow`;
    const many = `${AT_ONCE} workflows of ${each} steps`;
    const subjects: Subject[] = [{ name: floor, unit: "/s", sample: commitsPerSecond }];
    for (const [name, system] of systems.running) {
      const ours = name === PAWL.name;
      const titled = (of: string) => ({
        name: ours ? of : `${of} · ${name}`,
        unit: "/s",
        floor,
        ...(!ours && { peerOf: of }),
      });
      const perSecond = async (count: number, steps: number) =>
        (1_000 * count * steps) / (await system.ask("workflows", count, steps));
      subjects.push(
        {
          ...titled(one),
          ...(ours && { target: { of: "peer", atLeast: 2 } as const }),
          sample: () => perSecond(1, alone),
        },
        {
          ...titled(many),
          ...(ours && { target: { of: "peer", atLeast: 5 } as const }),
          sample: () => perSecond(AT_ONCE, each),
        },
      );
    }
    return {
      subjects,
      absent: systems.absent,
      async close() {
        await bare.end().catch(() => undefined);
        await systems.close();
      },
    };
  },
};
