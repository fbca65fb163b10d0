import { setTimeout as sleep } from "node:timers/promises";
import { startTestPostgres, type TestPostgres } from "@pawl/test-postgres";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ArcpServer, ArcpServers } from "./arcp-servers.ts";
import { type Frame, isEnd, RawClient, type Resume } from "./raw-client.ts";
import { seqs, ticks, upTo } from "./stream.ts";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(() => postgres.stop());

const servers = new ArcpServers();
afterEach(() => servers.clean(), 30_000);

const shared = () => ({ databaseUrl: postgres.url });

describe("two servers on one PostgreSQL", { timeout: 120_000 }, () => {
  it("a client goes on at the other one while both live, and its jobs with it", async () => {
    const a = await servers.start(await servers.folder(), shared());
    const b = await servers.start(await servers.folder(), shared());
    const onA = await RawClient.hello(a.ws);
    const counter = (await onA.submit({ agent: "counter", input: { n: 150, delayMs: 20 } })).payload.job_id;
    const slow = (await onA.submit({ agent: "slow", input: { ms: 600_000 } })).payload.job_id;
    await onA.until(() => ticks(onA.frames, counter).length >= 10, "ten ticks");
    // Somebody else watches from the other server all the while.
    const watcher = await RawClient.hello(b.ws);
    watcher.send("job.subscribe", { job_id: counter, history: true });
    await watcher.find(({ type }) => type === "job.subscribed");
    await watcher.until(() => ticks(watcher.frames, counter).length >= 10, "ten ticks seen from afar");

    onA.close();
    await onA.until(() => onA.closed !== undefined).catch(() => undefined);
    const onB = await RawClient.resume(b.ws, onA.resume);
    await onB.until(() => ticks(onB.frames, counter).length >= 10, "ten more");
    onB.close();
    await onB.until(() => onB.closed !== undefined).catch(() => undefined);
    // And back to the first, which believes to hold it.
    const again = await RawClient.resume(a.ws, onB.resume);
    expect((await again.end(counter)).payload.result).toEqual({ count: 150 });
    again.send("job.cancel", {}, { job_id: slow });
    expect((await again.end(slow)).payload.code).toBe("CANCELLED");
    const all = [...onA.numbered, ...onB.numbered, ...again.numbered];
    expect(seqs(all)).toEqual(upTo(all.length));
    expect(ticks(all, counter)).toEqual(upTo(150));

    await watcher.end(counter);
    expect(ticks(watcher.frames, counter)).toEqual(upTo(150));
    expect(seqs(watcher.numbered)).toEqual(upTo(watcher.numbered.length));
    // Watching gives no right to stop, and what is Bob's is not there for Alice.
    const bob = await RawClient.hello(b.ws, { token: "tok-b" });
    const request = bob.send("job.subscribe", { job_id: counter });
    const refusal = await bob.find(({ payload }) => payload.request_id === request);
    expect(refusal.payload.code).toBe("JOB_NOT_FOUND");
  });

  it("P21 the jobs of a killed server end on the other one, though nobody resumes there", async () => {
    const a = await servers.start(await servers.folder(), shared());
    const b = await servers.start(await servers.folder(), shared());
    const onA = await RawClient.hello(a.ws);
    const counter = (
      await onA.submit({ agent: "counter", input: { n: 100, delayMs: 20 }, idempotency_key: "k" })
    ).payload.job_id;
    await onA.until(() => ticks(onA.frames, counter).length >= 10, "ten ticks");
    await a.process.kill("SIGKILL");
    // Another session of the same principal asks for the same work, and is shown all of it.
    const onB = await RawClient.hello(b.ws);
    const repeated = await onB.submit({
      agent: "counter",
      input: { n: 100, delayMs: 20 },
      idempotency_key: "k",
    });
    expect(repeated.payload.job_id).toBe(counter);
    await onB.end(counter);
    expect(ticks(onB.frames, counter)).toEqual(upTo(100));
    // The client itself comes back late, to what is left for it.
    const late = await RawClient.resume(b.ws, onA.resume);
    await late.end(counter);
    const all = [...onA.numbered, ...late.numbered];
    expect(seqs(all)).toEqual(upTo(all.length));
    expect(ticks(all, counter)).toEqual(upTo(100));
  });
});

/** On a machine that is busy a server takes long to start: the work goes on until there were so many kills. */
const KILLS = 3;

/** A client that goes on wherever it can, until all of its jobs have ended. */
class Wanderer {
  readonly frames: Frame[] = [];
  readonly jobs = new Set<string>();
  readonly #urls: () => readonly string[];
  #client: RawClient | undefined;
  #resume: Resume | undefined;

  constructor(urls: () => readonly string[]) {
    this.#urls = urls;
  }

  /** Goes through several waves of work, each begun when the one before has ended. */
  async run(waves: number, wave: readonly Record<string, unknown>[], enough: () => boolean): Promise<void> {
    for (let n = 0; n < waves || !enough(); n++) await this.#runWave(wave);
    this.#take();
    this.#client?.close();
  }

  /** Submits under keys of its own, as often as it takes until it has heard that each is accepted. */
  async #runWave(submissions: readonly Record<string, unknown>[]): Promise<void> {
    for (const submission of submissions) {
      const payload = { ...submission, idempotency_key: crypto.randomUUID() };
      for (;;) {
        const client = await this.#connected();
        const accepted = await client.submit(payload).catch(() => undefined);
        if (accepted === undefined) continue;
        this.jobs.add(accepted.payload.job_id);
        break;
      }
    }
    while (!this.#done()) {
      const client = await this.#connected();
      await client.until(() => this.#done()).catch(() => undefined);
    }
  }

  /** All numbered frames, over all connections. */
  get numbered(): readonly Frame[] {
    return [...this.frames, ...(this.#client?.numbered ?? [])];
  }

  #done(): boolean {
    const ended = new Set(this.numbered.filter(isEnd).map(({ job_id }) => job_id));
    return [...this.jobs].every((job) => ended.has(job));
  }

  #take(): void {
    const { numbered } = this;
    this.frames.splice(0, this.frames.length, ...numbered);
    if (this.#client !== undefined) this.#resume = this.#client.resume;
    this.#client = undefined;
  }

  async #connected(): Promise<RawClient> {
    for (;;) {
      if (this.#client !== undefined && this.#client.closed === undefined) return this.#client;
      if (this.#client !== undefined) this.#take();
      const urls = this.#urls();
      const url = urls[Math.floor(Math.random() * urls.length)] as string;
      try {
        this.#client =
          this.#resume === undefined ? await RawClient.hello(url) : await RawClient.resume(url, this.#resume);
      } catch {
        // Nobody is there now.
        await sleep(100);
      }
    }
  }
}

describe("a client that comes back while its old connection is half open", { timeout: 120_000 }, () => {
  it("P10 goes on at the other server, and the old connection is closed there", async () => {
    const a = await servers.start(await servers.folder(), shared());
    const b = await servers.start(await servers.folder(), shared());
    const old = await RawClient.hello(a.ws);
    const onB = await RawClient.resume(b.ws, old.resume);
    await old.until(() => false).catch(() => undefined);
    expect(old.closed).toMatchObject({ code: 1001 });
    const { payload } = await onB.submit({ agent: "echo", input: "moved" });
    expect((await onB.end(payload.job_id)).payload.result).toMatchObject({ echo: "moved" });
    // The old token is of no use to whoever has it.
    const thief = await RawClient.open(a.ws);
    thief.sayHello({ resume: old.resume });
    expect((await thief.find(({ type }) => type === "session.error")).payload.code).toBe(
      "RESUME_WINDOW_EXPIRED",
    );
  });
});

describe("three servers on one PostgreSQL under random kills", { timeout: 300_000 }, () => {
  it("a hundred jobs: each ends exactly once, and no client misses or repeats a number", async () => {
    const folders = await Promise.all([servers.folder(), servers.folder(), servers.folder()]);
    const running: ArcpServer[] = [];
    // One after the other: the first makes the tables.
    for (const dir of folders) running.push(await servers.start(dir, shared()));
    const lease_request = { "tool.call": ["work.*"], "cost.budget": ["USD:10"] };
    const kinds = [
      { agent: "counter", input: { n: 60, delayMs: 50 } },
      { agent: "slow", input: { ms: 4_000 } },
      {
        agent: "toolcaller",
        input: { tools: Array.from({ length: 20 }, () => "work.a"), delayMs: 100 },
        lease_request,
      },
      { agent: "chunker", input: { chunks: 30, size: 64 } },
      {
        agent: "spender",
        input: { costs: Array.from({ length: 10 }, () => 0.1), unit: "USD" },
        lease_request,
      },
    ];
    const clients = Array.from({ length: 5 }, () => new Wanderer(() => running.map(({ ws }) => ws)));
    let over = false;
    let kills = 0;
    const work = Promise.all(clients.map((client) => client.run(4, kinds, () => kills >= KILLS))).finally(
      () => {
        over = true;
      },
    );
    while (!over && kills < 12) {
      await Promise.race([sleep(300 + Math.random() * 900), work]);
      if (over) break;
      const victim = Math.floor(Math.random() * running.length);
      await running[victim]?.process.kill("SIGKILL");
      kills += 1;
      running[victim] = await servers.start(folders[victim] as string, shared());
    }
    await work;
    expect(kills).toBeGreaterThanOrEqual(KILLS);
    for (const client of clients) {
      const { frames } = client;
      expect(seqs(frames)).toEqual(upTo(frames.length));
      const ends = frames.filter(isEnd);
      expect(new Set(ends.map(({ job_id }) => job_id))).toEqual(client.jobs);
      expect(ends.length).toBe(client.jobs.size);
      expect(ends.filter(({ payload }) => payload.final_status !== "success")).toEqual([]);
      for (const { job_id, payload } of ends) {
        if (payload.result?.count === 60) expect(ticks(frames, job_id as string)).toEqual(upTo(60));
      }
    }
    const admin = new pg.Client({ connectionString: postgres.url });
    await admin.connect();
    const { rows } = await admin.query(
      `select j.live, count(*) filter (where e.body->>'type' <> 'job.event')::int as ends
       from pawl.jobs j left join pawl.job_events e on e.job_id = j.job_id
       where j.session_id = any($1) group by j.job_id, j.live`,
      [[...new Set(clients.flatMap(({ frames }) => frames.map(({ session_id }) => session_id)))]],
    );
    await admin.end();
    expect(rows.length).toBe(clients.reduce((sum, { jobs }) => sum + jobs.size, 0));
    expect(rows.length).toBeGreaterThanOrEqual(100);
    expect(rows.filter(({ live, ends }) => live || ends !== 1)).toEqual([]);
  });
});
