import { describe, expect, test, vi } from "vitest";
import type {
  CredentialProvisioner,
  CredentialRequest,
} from "../../src/credentials/credential-provisioner.ts";
import type { Credential } from "../../src/messages/lease.ts";
import { memoryPersistence } from "../../src/persistence/memory-persistence.ts";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { jobIdOf, openSession, startServer, stopServer } from "../support/conformance-server.ts";

/** An upstream that remembers what is alive in it. */
class Upstream implements CredentialProvisioner {
  readonly live = new Map<string, Credential>();
  readonly requests: CredentialRequest[] = [];
  readonly revoked: string[] = [];
  failures = 0;
  reuse: string | undefined;
  #count = 0;

  async issue(request: CredentialRequest): Promise<Credential[]> {
    this.requests.push(request);
    const id = `cred_${++this.#count}`;
    const credential: Credential = {
      id,
      scheme: "bearer",
      value: this.reuse ?? `sk-${this.#count}-secret`,
      endpoint: "https://gateway.example/v1",
      profile: "openai",
      constraints: { "cost.budget": request.budget },
    };
    this.live.set(id, credential);
    return [credential];
  }

  async revoke(id: string): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("upstream is down");
    }
    this.live.delete(id);
    this.revoked.push(id);
  }

  async rotate(id: string): Promise<Credential> {
    const fresh = { ...(this.live.get(id) as Credential), value: `sk-rotated-${++this.#count}-secret` };
    this.live.set(id, fresh);
    return fresh;
  }
}

const user: AgentDefinition = {
  name: "user",
  versions: {
    "1.0.0": async (input, context) => {
      const held = context.credentials.map(({ value }) => value);
      if (input === "rotate") await context.rotateCredential(context.credentials[0]?.id ?? "");
      if (input === "models") {
        return ["tier-fast/a", "tier-slow/a"].map((target) => {
          const verdict = context.check({ namespace: "model.use", target });
          return verdict.allowed ? "allowed" : verdict.code;
        });
      }
      if (input === "fail") throw new Error("failed");
      if (input === "wait") await context.sleep(60_000);
      return held.length;
    },
  },
};

async function provisioned(options: Parameters<typeof startServer>[0] = {}) {
  const upstream = new Upstream();
  const running = await startServer({
    provisioner: upstream,
    moreAgents: [user],
    limits: { cancelGraceMs: 50 },
    ...options,
  });
  return { upstream, running, url: running.url };
}

const lease_request = { "cost.budget": ["USD:5.00"], "model.use": ["tier-fast/*"] };

describe("provisioned credentials", () => {
  test("[9.8-1, 9.7-1] they come with the acceptance and carry the lease", async () => {
    const { upstream, running, url } = await provisioned();
    const session = await openSession(url);
    const accepted = await session.submit({ agent: "user", input: "models", lease_request });
    expect(accepted.payload.credentials).toEqual([
      {
        id: "cred_1",
        scheme: "bearer",
        value: "sk-1-secret",
        endpoint: "https://gateway.example/v1",
        profile: "openai",
        constraints: { "cost.budget": ["USD:5"] },
      },
    ]);
    expect(upstream.requests[0]).toMatchObject({
      jobId: jobIdOf(accepted),
      principal: "ada",
      lease: lease_request,
      budget: ["USD:5"],
    });
    expect((await session.end(jobIdOf(accepted))).payload.result).toEqual(["allowed", "PERMISSION_DENIED"]);
    const again = await openSession(url, { features: ["cost.budget"] });
    const plain = await again.submit({ agent: "user", input: 1 });
    expect(plain.payload.credentials).toBeUndefined();
    await stopServer(running);
  });

  test("[9.8-4, 9.7-2] without a provisioner neither feature is offered", async () => {
    const bare = await startServer();
    const { welcome } = await openSession(bare.url);
    const { features } = welcome.payload.capabilities as { features: string[] };
    expect(features).not.toContain("provisioned_credentials");
    expect(features).not.toContain("model.use");
    await stopServer(bare);
    const { running, url } = await provisioned();
    const offered = (await openSession(url)).welcome.payload.capabilities as { features: string[] };
    expect(offered.features).toEqual(expect.arrayContaining(["provisioned_credentials", "model.use"]));
    await stopServer(running);
  });

  test("[9.8-2] they are revoked however the job ends", async () => {
    const { upstream, running, url } = await provisioned();
    const session = await openSession(url);
    const success = jobIdOf(await session.submit({ agent: "user", input: 1 }));
    const error = jobIdOf(await session.submit({ agent: "user", input: "fail" }));
    const timeout = jobIdOf(await session.submit({ agent: "user", input: "wait", max_runtime_sec: 0.05 }));
    const cancelled = jobIdOf(await session.submit({ agent: "user", input: "wait" }));
    session.send("job.cancel", {}, { job_id: cancelled });
    for (const job of [success, error, timeout, cancelled]) await session.end(job);
    await vi.waitFor(() => expect(upstream.live.size).toBe(0), 10_000);
    expect(upstream.revoked).toHaveLength(4);
    await stopServer(running);
  });

  test("[9.8-3] a failed revocation is reported and tried again", async () => {
    const { upstream, running, url } = await provisioned();
    const session = await openSession(url);
    upstream.failures = 1;
    await session.end(jobIdOf(await session.submit({ agent: "user", input: 1 })));
    await vi.waitFor(() => expect(upstream.live.size).toBe(0), 10_000);
    expect(running.audit).toContainEqual(
      expect.objectContaining({ type: "credential_revocation_failed", credentialId: "cred_1", attempt: 1 }),
    );
    await stopServer(running);
  });

  test("[9.8-3] what a dead process left is revoked by the next one", async () => {
    const persistence = memoryPersistence();
    const first = await provisioned({ persistence });
    const session = await openSession(first.url);
    await session.submit({ agent: "user", input: "wait" });
    await stopServer(first.running);
    expect(first.upstream.live.size).toBe(1);
    const second = await startServer({ persistence, provisioner: first.upstream, moreAgents: [user] });
    await vi.waitFor(() => expect(first.upstream.live.size).toBe(0), 10_000);
    expect(await persistence.credentials.list()).toEqual([]);
    await stopServer(second);
  });

  test("[9.8-6] a value that was used for another job refuses the job", async () => {
    const { upstream, running, url } = await provisioned();
    const session = await openSession(url);
    await session.submit({ agent: "user", input: "wait" });
    upstream.reuse = "sk-1-secret";
    const refusal = await session.submitRefused({ agent: "user", input: 1 });
    expect(refusal.payload).toMatchObject({ code: "INTERNAL_ERROR", retryable: true });
    expect(JSON.stringify(refusal)).not.toContain("sk-1-secret");
    await stopServer(running);
  });

  test("[9.8-5, 9.8-8, 7.6-11] the submitter learns a rotated value, others and the lists see no secret", async () => {
    const persistence = memoryPersistence();
    const { running, url } = await provisioned({ persistence, observablePrincipals: () => "all" });
    const session = await openSession(url);
    const held = jobIdOf(await session.submit({ agent: "user", input: "wait", lease_request }));
    const job = jobIdOf(await session.submit({ agent: "user", input: "rotate", lease_request }));
    await session.end(job);
    expect(session.events(job, "status")[0]?.payload.body).toEqual({
      phase: "credential_rotated",
      id: "cred_2",
      value: "sk-rotated-3-secret",
    });
    const auditor = await openSession(url, { token: "token-bob" });
    auditor.send("job.subscribe", { job_id: held });
    auditor.send("job.subscribe", { job_id: job, history: true });
    auditor.send("session.list_jobs", {});
    await auditor.end(job);
    await auditor.client.type("session.jobs");
    expect(auditor.events(job, "status")[0]?.payload.body).toEqual({
      phase: "credential_rotated",
      id: "cred_2",
    });
    expect(JSON.stringify(auditor.client.received)).not.toContain("secret");
    session.send("session.list_jobs", {});
    expect(JSON.stringify((await session.client.type("session.jobs")).payload)).not.toContain("secret");
    const log = await persistence.events.readJobLog(job, 0, 100);
    expect(JSON.stringify(log.map(({ payload }) => payload))).not.toContain("secret");
    // The submitting principal's own other session may see what is held.
    const own = await openSession(url);
    own.send("job.subscribe", { job_id: held });
    expect((await own.client.type("job.subscribed")).payload.credentials).toHaveLength(1);
    await stopServer(running);
  });

  test("[7.2-1] a repeated submission gets the same credentials, not new ones", async () => {
    const { upstream, running, url } = await provisioned();
    const session = await openSession(url);
    const payload = { agent: "user", input: "wait", idempotency_key: "k" };
    const accepted = await Promise.all([
      session.submit(payload),
      session.submit(payload),
      session.submit(payload),
    ]);
    expect(new Set(accepted.map((frame) => JSON.stringify(frame.payload))).size).toBe(1);
    expect(upstream.requests).toHaveLength(1);
    await stopServer(running);
  });

  test("[9.8-7] when the parent ends, its child's credentials end, though the child goes on", async () => {
    const { upstream, running, url } = await provisioned();
    const session = await openSession(url);
    const parent = jobIdOf(
      await session.submit({
        agent: "delegator",
        input: { agent: "slow", input: { ms: 300 } },
        lease_request: { "agent.delegate": ["*"] },
      }),
    );
    const child = await session.client.waitFor((frame) => frame.payload.parent_job_id === parent);
    expect(child.payload.credentials).toHaveLength(1);
    await session.end(parent);
    await vi.waitFor(() => expect(upstream.live.size).toBe(0), 10_000);
    expect((await session.end(jobIdOf(child))).type).toBe("job.result");
    await stopServer(running);
  });
});
