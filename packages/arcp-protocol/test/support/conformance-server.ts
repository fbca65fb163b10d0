import { afterAll } from "vitest";
import { conformanceAgents } from "../../src/conformance/agents.ts";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { ArcpServer } from "../../src/server/arcp-server.ts";
import type { ArcpServerOptions } from "../../src/server/arcp-server-options.ts";
import type { AuditEvent } from "../../src/server/runtime.ts";
import { serveWebSocket, type WebSocketEndpoint } from "../../src/transports/websocket-server.ts";
import { type Frame, RawClient } from "./raw-client.ts";

export const ALL_FEATURES = [
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
];

export interface TestServer {
  server: ArcpServer;
  endpoint: WebSocketEndpoint;
  url: string;
  audit: AuditEvent[];
}

const tokens: Record<string, string> = { "token-ada": "ada", "token-bob": "bob" };

/** A runtime with the conformance agents, on a real socket of the loopback interface. */
export async function startServer(
  options: Partial<ArcpServerOptions> & { moreAgents?: AgentDefinition[] } = {},
): Promise<TestServer> {
  const audit: AuditEvent[] = [];
  const { moreAgents, ...rest } = options;
  const server = new ArcpServer({
    agents: [...conformanceAgents(), ...(moreAgents ?? [])],
    authenticate: ({ token }) => (tokens[token] === undefined ? undefined : { id: tokens[token] }),
    audit: (event) => audit.push(event),
    ...rest,
  });
  await server.start();
  const endpoint = await serveWebSocket({ onTransport: (transport) => server.accept(transport) });
  return { server, endpoint, url: endpoint.url, audit };
}

export async function stopServer(running: TestServer): Promise<void> {
  await running.server.close();
  await running.endpoint.close();
}

/** One server for a file of tests. */
export async function sharedServer(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const running = await startServer(options);
  afterAll(() => stopServer(running));
  return running;
}

export interface Session {
  client: RawClient;
  sessionId: string;
  resumeToken: string;
  welcome: Frame;
  /** Submits and gives the acceptance. */
  submit(payload: Record<string, unknown>, fields?: Record<string, unknown>): Promise<Frame>;
  /** Submits and gives the refusal. */
  submitRefused(payload: Record<string, unknown>, fields?: Record<string, unknown>): Promise<Frame>;
  send(type: string, payload: unknown, fields?: Record<string, unknown>): string;
  end(jobId: string, timeoutMs?: number): Promise<Frame>;
  events(jobId: string, kind?: string): Frame[];
  refusal(requestId: string): Promise<Frame>;
  /** Numbered messages in the order of their arrival. */
  numbered(): Frame[];
}

export async function hello(
  url: string,
  options: {
    token?: string;
    features?: string[];
    resume?: { session_id: string; resume_token: string; last_event_seq: number };
  } = {},
): Promise<RawClient> {
  const client = await RawClient.open(url);
  client.send("session.hello", {
    client: { name: "raw", version: "0" },
    auth: { scheme: "bearer", token: options.token ?? "token-ada" },
    capabilities: { encodings: ["json"], features: options.features ?? ALL_FEATURES },
    ...(options.resume === undefined ? {} : { resume: options.resume }),
  });
  return client;
}

let traces = 0;

export async function openSession(url: string, options: Parameters<typeof hello>[1] = {}): Promise<Session> {
  const client = await hello(url, options);
  const welcome = await client.type("session.welcome");
  const sessionId = welcome.session_id as string;
  const send = (type: string, payload: unknown, fields: Record<string, unknown> = {}) =>
    client.send(type, payload, { session_id: sessionId, ...fields });
  const answer = (payload: Record<string, unknown>, fields: Record<string, unknown>, type: string) => {
    const trace_id = (++traces).toString(16).padStart(32, "0");
    const id = send("job.submit", payload, { trace_id, ...fields });
    const trace = (fields.trace_id as string | undefined) ?? trace_id;
    return client.waitFor(
      (frame) => frame.type === type && (frame.trace_id === trace || frame.payload.request_id === id),
      `${type} for ${JSON.stringify(payload).slice(0, 200)}`,
    );
  };
  return {
    client,
    sessionId,
    resumeToken: welcome.payload.resume_token as string,
    welcome,
    send,
    submit: (payload, fields = {}) => answer(payload, fields, "job.accepted"),
    submitRefused: (payload, fields = {}) => answer(payload, fields, "job.error"),
    end: (jobId, timeoutMs) =>
      client.waitFor(
        (frame) => frame.job_id === jobId && (frame.type === "job.result" || frame.type === "job.error"),
        `the end of ${jobId}`,
        timeoutMs,
      ),
    events: (jobId, kind) =>
      client.received.filter(
        (frame) =>
          frame.type === "job.event" &&
          frame.job_id === jobId &&
          (kind === undefined || frame.payload.kind === kind),
      ),
    refusal: (requestId) =>
      client.waitFor(
        (frame) => frame.type === "session.error" && frame.payload.request_id === requestId,
        `the refusal of ${requestId}`,
      ),
    numbered: () => client.received.filter((frame) => frame.event_seq !== undefined),
  };
}

export function jobIdOf(accepted: Frame): string {
  return accepted.payload.job_id as string;
}
