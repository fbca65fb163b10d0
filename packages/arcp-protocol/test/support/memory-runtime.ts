import { type ConnectOptions, connect } from "../../src/client/index.ts";
import { conformanceAgents } from "../../src/conformance/agents.ts";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { ArcpServer } from "../../src/server/arcp-server.ts";
import type { ArcpServerOptions } from "../../src/server/arcp-server-options.ts";
import { memoryTransportPair } from "../../src/transports/memory.ts";
import type { Transport, TransportHandlers } from "../../src/transports/transport.ts";

/** A runtime in this process, whose connections a test can break and listen in on. */
export class MemoryRuntime {
  server: ArcpServer;
  /** Frames both ways, as they were sent. */
  readonly wire: { from: "client" | "runtime"; frame: string }[] = [];
  /** Decides about each frame from the runtime: false loses it. */
  pass: (frame: string) => boolean = () => true;
  dials = 0;
  reachable = true;
  #current: Transport | undefined;

  constructor(options: Partial<ArcpServerOptions> & { moreAgents?: AgentDefinition[] } = {}) {
    this.server = this.create(options);
  }

  create({
    moreAgents,
    ...options
  }: Partial<ArcpServerOptions> & { moreAgents?: AgentDefinition[] }): ArcpServer {
    return new ArcpServer({
      agents: [...conformanceAgents(), ...(moreAgents ?? [])],
      authenticate: ({ token }) => (token === "bad" ? undefined : { id: token }),
      ...options,
    });
  }

  readonly open = async (): Promise<Transport> => {
    this.dials += 1;
    if (!this.reachable) throw new Error("nobody listens");
    const [client, runtime] = memoryTransportPair();
    this.#current = runtime;
    this.server.accept(this.#tap(runtime, "runtime"));
    return this.#tap(client, "client");
  };

  connect(options: Partial<ConnectOptions> = {}) {
    return connect({ token: "ada", open: this.open, random: () => 0.01, ...options });
  }

  /** Breaks the newest connection under both ends. */
  drop(): void {
    this.#current?.close(1006, "dropped");
  }

  #tap(transport: Transport, side: "client" | "runtime"): Transport {
    return {
      start: (handlers: TransportHandlers) => transport.start(handlers),
      send: (frame) => {
        this.wire.push({ from: side, frame });
        if (side === "client" || this.pass(frame)) transport.send(frame);
      },
      get waiting() {
        return transport.waiting;
      },
      close: (code, reason) => transport.close(code, reason),
      pause: () => transport.pause?.(),
      resume: () => transport.resume?.(),
    };
  }
}
