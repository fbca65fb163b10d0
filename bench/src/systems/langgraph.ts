import { HumanMessage } from "@langchain/core/messages";
import { Annotation, END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";
import { wallMs } from "../stopwatch.ts";
import { performStep } from "./step-file.ts";
import { expectCount, type OpenSystem } from "./system.ts";

const CRASHING = "crashing";

/**
 * LangGraph with its PostgreSQL checkpointer: one node a step, `durability: "sync"` so that a step is durable before the next. It has no
 * queue and no worker: whoever wants a thread to go on invokes it again.
 */
export const open: OpenSystem = async ({ url }) => {
  const pool = new pg.Pool({ connectionString: url, max: 32 });
  pool.on("error", () => undefined);
  const checkpointer = new PostgresSaver(pool);
  await checkpointer.setup();
  let done = 0;
  let threads = 0;
  const State = Annotation.Root({
    i: Annotation<number>(),
    steps: Annotation<number>(),
    file: Annotation<string>(),
  });
  const graph = new StateGraph(State)
    .addNode("step", async ({ i, file }) => {
      done += 1;
      if (file !== "") await performStep(file, i);
      return { i: i + 1 };
    })
    .addEdge(START, "step")
    .addConditionalEdges("step", ({ i, steps }) => (i < steps ? "step" : END))
    .compile({ checkpointer });
  const chat = new StateGraph(MessagesAnnotation)
    .addNode("answer", ({ messages }) => ({
      messages: [{ role: "assistant" as const, content: messages.at(-1)?.content ?? "" }],
    }))
    .addEdge(START, "answer")
    .addEdge("answer", END)
    .compile({ checkpointer });
  const threadOf = (id: string, steps: number) => ({
    configurable: { thread_id: id },
    durability: "sync" as const,
    recursionLimit: steps + 2,
  });

  return {
    async workflows(count, steps) {
      done = 0;
      const run = () => {
        threads += 1;
        return graph.invoke({ i: 0, steps, file: "" }, threadOf(`t${process.pid}-${threads}`, steps));
      };
      const ms = await wallMs(() => Promise.all(Array.from({ length: count }, run)));
      expectCount("steps", done, count * steps);
      return ms;
    },
    async begin(steps, file) {
      void graph.invoke({ i: 0, steps, file }, threadOf(CRASHING, steps));
    },
    async recover() {
      void graph.invoke(null, threadOf(CRASHING, 10_000));
    },
    async converse(turns, characters) {
      threads += 1;
      const thread = threadOf(`c${process.pid}-${threads}`, 10);
      for (let i = 0; i < turns; i++)
        await chat.invoke({ messages: [new HumanMessage("x".repeat(characters))] }, thread);
    },
    close: () => pool.end(),
  };
};
