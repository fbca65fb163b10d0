// A client of ARCP that knows nothing of ours: frames as text over the platform's WebSocket.

/** Of an event of a job. */
export interface Body {
  readonly args: unknown;
  readonly call_id: string;
  readonly current: number;
  readonly data: string;
  readonly error: { readonly code: string; readonly message: string };
  readonly message: string;
  readonly more: boolean;
  readonly name: string;
  readonly phase: string;
  readonly result_id: string;
  readonly tool: string;
}

/** What the tests read of what a server sends; a member that a frame has not is undefined there. */
export interface Payload {
  readonly body: Body;
  readonly budget: unknown;
  readonly capabilities: { readonly features: readonly string[]; readonly agents: readonly unknown[] };
  readonly code: string;
  readonly final_status: string;
  readonly job_id: string;
  readonly jobs: readonly { readonly job_id: string }[];
  readonly kind: string;
  readonly parent_job_id: string | null;
  readonly request_id: string;
  readonly result: { readonly count: number };
  readonly resume_token: string;
  readonly resume_window_sec: number;
}

export interface Frame {
  readonly id: string;
  readonly type: string;
  readonly session_id?: string;
  readonly job_id?: string;
  readonly trace_id?: string;
  readonly event_seq?: number;
  readonly payload: Payload;
}

export const FEATURES = [
  "heartbeat",
  "ack",
  "list_jobs",
  "subscribe",
  "lease_expires_at",
  "cost.budget",
  "model.use",
  "provisioned_credentials",
  "progress",
  "result_chunk",
  "agent_versions",
] as const;

export interface Resume {
  readonly session_id: string;
  readonly resume_token: string;
  readonly last_event_seq: number;
}

export interface HelloOptions {
  readonly token?: string;
  readonly features?: readonly string[];
  readonly resume?: Resume;
}

const PATIENCE_MS = 30_000;

export class RawClient {
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly #socket: WebSocket;
  readonly #looking = new Set<() => void>();
  #ids = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.frames.push(JSON.parse(String(data)) as Frame);
      this.#look();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#look();
    });
    socket.addEventListener("error", () => undefined);
  }

  static async open(url: string): Promise<RawClient> {
    const socket = new WebSocket(url);
    const client = new RawClient(socket);
    await client.#until(() => socket.readyState === socket.OPEN || undefined, `${url} to open`);
    return client;
  }

  /** Opens, says hello, and answers the welcome. */
  static async hello(url: string, options: HelloOptions = {}): Promise<RawClient> {
    const client = await RawClient.open(url);
    client.sayHello(options);
    await client.find(({ type }) => type === "session.welcome", "the welcome");
    return client;
  }

  sayHello({ token = "tok-a", features = FEATURES, resume }: HelloOptions = {}): string {
    return this.send("session.hello", {
      client: { name: "stranger", version: "0" },
      auth: { scheme: "bearer", token },
      capabilities: { encodings: ["json"], features },
      ...(resume !== undefined && { resume }),
    });
  }

  get welcome(): Frame {
    const found = this.frames.find(({ type }) => type === "session.welcome");
    if (found === undefined) throw new Error("There was no welcome.");
    return found;
  }

  get sessionId(): string {
    return this.welcome.session_id as string;
  }

  /** What a later connection needs to go on. */
  get resume(): Resume {
    const last = this.numbered.at(-1)?.event_seq;
    return {
      session_id: this.sessionId,
      resume_token: this.welcome.payload.resume_token,
      last_event_seq: last ?? this.#resumedFrom,
    };
  }
  #resumedFrom = 0;

  get numbered(): readonly Frame[] {
    return this.frames.filter(({ event_seq }) => event_seq !== undefined);
  }

  /** Goes on with a session on this or another server. */
  static async resume(url: string, resume: Resume, token = "tok-a"): Promise<RawClient> {
    const client = await RawClient.hello(url, { resume, token });
    client.#resumedFrom = resume.last_event_seq;
    return client;
  }

  send(type: string, payload: unknown, fields: object = {}): string {
    const id = `m${++this.#ids}`;
    const session_id = this.frames.find((frame) => frame.type === "session.welcome")?.session_id;
    this.#socket.send(
      JSON.stringify({ arcp: "1.1", id, type, ...(session_id && { session_id }), ...fields, payload }),
    );
    return id;
  }

  async submit(payload: Record<string, unknown>): Promise<Frame> {
    const trace_id = crypto.randomUUID().replaceAll("-", "");
    this.send("job.submit", payload, { trace_id });
    const answer = await this.find(
      (frame) => frame.trace_id === trace_id && (frame.type === "job.accepted" || frame.type === "job.error"),
      `an answer to ${JSON.stringify(payload).slice(0, 200)}`,
    );
    if (answer.type === "job.error") throw new Error(`It was refused: ${JSON.stringify(answer.payload)}`);
    return answer;
  }

  end(jobId: string): Promise<Frame> {
    return this.find((frame) => frame.job_id === jobId && isEnd(frame), `the end of ${jobId}`);
  }

  /** The first frame that fits, past or coming. */
  find(fits: (frame: Frame) => boolean, what = "a frame"): Promise<Frame> {
    return this.#until(() => this.frames.find(fits), what);
  }

  until(holds: () => boolean, what = "it"): Promise<true> {
    return this.#until(() => holds() || undefined, what);
  }

  close(): void {
    this.#socket.close();
  }

  #look(): void {
    for (const look of [...this.#looking]) look();
  }

  #until<T>(find: () => T | undefined, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const over = () => {
        clearTimeout(timer);
        this.#looking.delete(look);
        this.#socket.removeEventListener("open", look);
      };
      const fail = (why: string) => {
        over();
        const seen = this.frames.slice(-5).map((frame) => JSON.stringify(frame).slice(0, 300));
        reject(new Error(`Waited for ${what}, and ${why}. The last frames:\n${seen.join("\n")}`));
      };
      const look = () => {
        const found = find();
        if (found !== undefined) {
          over();
          resolve(found);
        } else if (this.closed !== undefined) {
          fail(`the connection was closed with ${this.closed.code} ${this.closed.reason}`);
        }
      };
      const timer = setTimeout(() => fail(`it did not come within ${PATIENCE_MS} ms`), PATIENCE_MS);
      this.#looking.add(look);
      this.#socket.addEventListener("open", look);
      look();
    });
  }
}

export function isEnd({ type }: Frame): boolean {
  return type === "job.result" || type === "job.error";
}
