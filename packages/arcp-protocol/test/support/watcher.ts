import type { ArcpServer } from "../../src/server/arcp-server.ts";
import { memoryTransportPair } from "../../src/transports/memory.ts";
import type { Transport } from "../../src/transports/transport.ts";

export interface Frame {
  type: string;
  session_id?: string;
  job_id?: string;
  event_seq?: number;
  payload: Record<string, unknown> & { body?: Record<string, unknown> };
}

export const isEnd = ({ type }: Frame) => type === "job.result" || type === "job.error";

/** A client over memory that keeps everything it was sent. */
export class Watcher {
  readonly frames: Frame[] = [];
  readonly #transport: Transport;
  #look = () => {};

  constructor(server: ArcpServer) {
    const [ours, theirs] = memoryTransportPair();
    this.#transport = ours;
    ours.start({
      frame: (data) => {
        this.frames.push(JSON.parse(String(data)) as Frame);
        this.#look();
      },
      drain: () => {},
      closed: () => {},
    });
    server.accept(theirs);
  }

  send(type: string, payload: unknown, fields: object = {}): void {
    this.#transport.send(JSON.stringify({ arcp: "1.1", id: `m${Math.random()}`, type, ...fields, payload }));
  }

  async until(found: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const frame = this.frames.find(found);
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
    }
  }

  hello(resume?: object): Promise<Frame> {
    const features = ["progress", "result_chunk", "cost.budget", "subscribe", "lease_expires_at"];
    this.send("session.hello", {
      client: { name: "watcher", version: "0" },
      auth: { scheme: "bearer", token: "t" },
      capabilities: { encodings: ["json"], features },
      ...(resume === undefined ? {} : { resume }),
    });
    return this.until(({ type }) => type === "session.welcome");
  }
}
