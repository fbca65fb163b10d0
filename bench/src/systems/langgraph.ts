import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";
import { wallMs } from "../stopwatch.ts";
import { expectCount, type OpenSystem } from "./system.ts";

/** LangGraph with its PostgreSQL checkpointer: one node a step, `durability: "sync"` so that a step is durable before the next. */
export const open: OpenSystem = async ({ url }) => {
  const pool = new pg.Pool({ connectionString: url, max: 32 });
  const checkpointer = new PostgresSaver(pool);
  await checkpointer.setup();
  let done = 0;
  let threads = 0;
  const State = Annotation.Root({ i: Annotation<number>(), steps: Annotation<number>() });
  const graph = new StateGraph(State)
    .addNode("step", ({ i }) => {
      done += 1;
      return { i: i + 1 };
    })
    .addEdge(START, "step")
    .addConditionalEdges("step", ({ i, steps }) => (i < steps ? "step" : END))
    .compile({ checkpointer });

  return {
    async workflows(count, steps) {
      done = 0;
      const run = () => {
        threads += 1;
        const config = {
          configurable: { thread_id: `t${threads}` },
          durability: "sync" as const,
          recursionLimit: steps + 2,
        };
        return graph.invoke({ i: 0, steps }, config);
      };
      const ms = await wallMs(() => Promise.all(Array.from({ length: count }, run)));
      expectCount("steps", done, count * steps);
      return ms;
    },
    close: () => pool.end(),
  };
};
