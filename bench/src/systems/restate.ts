import { once } from "node:events";
import { createServer } from "node:http2";
import { type Context, createEndpointHandler, service } from "@restatedev/restate-sdk";
import { connect } from "@restatedev/restate-sdk-clients";
import { eachMs, monotonicMs, wallMs } from "../stopwatch.ts";
import { type RestatePorts, restatePorts } from "./restate-server.ts";
import { performStep } from "./step-file.ts";
import { expectCount, type OpenSystem, type System } from "./system.ts";
import { createTally } from "./tally.ts";

/** Restate: `ctx.run` steps in a service of this process, driven by its server, which is a process beside it. */
export const open: OpenSystem = async ({ folder, role }) => {
  const ports = await restatePorts(folder);
  return role === "client" ? openClient(ports) : openWorker(ports);
};

const ingressOf = ({ ingress }: RestatePorts) => connect({ url: `http://127.0.0.1:${ingress}` });

function openClient(ports: RestatePorts): System {
  const ingress = ingressOf(ports);
  return {
    async signal(name) {
      const began = monotonicMs();
      await ingress.resolveAwakeable(name, 1);
      return began;
    },
    close: async () => undefined,
  };
}

async function openWorker(ports: RestatePorts): Promise<System> {
  const steps = createTally();
  const waiting: string[] = [];
  const waits = createTally();
  const gone = new Map<string, PromiseWithResolvers<number>>();
  const bench = service({
    name: "bench",
    handlers: {
      chain: async (context: Context, count: number) => {
        for (let i = 0; i < count; i++)
          await context.run(`step ${i}`, async () => {
            steps.add();
            return { done: steps.count };
          });
        return count;
      },
      filed: async (context: Context, { count, file }: { count: number; file: string }) => {
        for (let i = 0; i < count; i++) await context.run(`step ${i}`, () => performStep(file, i));
      },
      waiter: async (context: Context) => {
        const { id, promise } = context.awakeable<number>();
        waiting.push(id);
        gone.set(id, gone.get(id) ?? Promise.withResolvers());
        waits.add();
        await promise;
        gone.get(id)!.resolve(monotonicMs());
      },
      job: async (_: Context, n: number) => n,
    },
  });
  const handlers = createServer(createEndpointHandler({ services: [bench] }));
  handlers.listen(ports.handlers, "127.0.0.1");
  await once(handlers, "listening");
  await register(ports);
  const ingress = ingressOf(ports);
  const client = ingress.serviceClient(bench);
  const send = ingress.serviceSendClient(bench);

  return {
    async workflows(count, each) {
      steps.reset();
      const ms = await wallMs(() => Promise.all(Array.from({ length: count }, () => client.chain(each))));
      expectCount("steps", steps.count, count * each);
      return ms;
    },
    jobs: (times) => eachMs(times, async () => client.job(1)),
    async wait(count) {
      waiting.length = 0;
      waits.reset();
      for (let i = 0; i < count; i++) await send.waiter();
      await waits.reached(count);
      return [...waiting];
    },
    wentOn: async (name) => gone.get(name)!.promise,
    async begin(count, file) {
      await send.filed({ count, file });
    },
    close: async () => void handlers.close(),
  };
}

/** The server asks the handlers what they are. Registering the same ones again changes nothing. */
async function register({ admin, handlers }: RestatePorts): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${handlers}` }),
  });
  if (!answer.ok) throw new Error(`The Restate server does not take the handlers: ${await answer.text()}`);
}
