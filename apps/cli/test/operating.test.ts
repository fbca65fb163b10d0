// Tokens, sessions, doctor and completion, as somebody types them.
import { spawnSync } from "node:child_process";
import { BEHAVIOUR, inputId, NO_USAGE, nodeId, sessionId, turnId } from "@pawl/core";
import { createLogger, openAdminStore } from "@pawl/server/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configOf } from "../src/commands/server-options.ts";
import { makeFolder, pawl, type Server, startServer } from "./pawl-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server;
beforeAll(async () => {
  folder = await makeFolder();
  server = await startServer(folder.path);
}, 60_000);
afterAll(async () => {
  await server.stop();
  await folder.remove();
}, 30_000);

const ask = async (path: string, token: string, init: RequestInit = {}) => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(`${server.url}${path}`, { ...init, headers });
  return { status: response.status, text: await response.text() };
};
const here = () => ["--data-dir", folder.path];

describe("pawl token", () => {
  it("lets a principal in at a server that runs, shows it once, and takes it back", async () => {
    const made = await pawl(["token", "create", "--principal", "alice", "--expires", "1d", ...here()]);
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^pawl_[A-Za-z0-9_-]{43}\n$/)]);
    const token = made.stdout.trim();
    expect((await ask("/v1/sessions", token)).text).toBe('{"sessions":[]}');
    expect((await ask("/metrics", token)).status).toBe(403);

    const listed = await pawl(["token", "list", "--json", ...here()]);
    expect(listed.stdout).not.toContain(token);
    const [record] = JSON.parse(listed.stdout).tokens;
    expect(record).toMatchObject({ principal: "alice", tenant: null, state: "valid", scopes: null });

    expect((await pawl(["token", "revoke", record.id, ...here()])).code).toBe(0);
    await expect.poll(async () => (await ask("/v1/sessions", token)).status, { timeout: 15_000 }).toBe(401);
    expect(server.process.stderr()).not.toContain(token);
  }, 60_000);

  it("says what cannot be", async () => {
    for (const args of [
      ["--scope", "all"],
      ["--expires", "soon"],
      ["--tenant", "acme"],
      ["--principal", " "],
    ]) {
      const { code, stderr } = await pawl(["token", "create", ...args, ...here()]);
      expect(code, args.join(" ")).toBe(2);
      expect(stderr).toMatch(/^pawl: /);
    }
    expect((await pawl(["token", "revoke", "tok_never", ...here()])).code).toBe(1);
  }, 60_000);
});

describe("pawl session", () => {
  it("retires a session, and knows those that are there", async () => {
    await pawl(["run", "--session", "trip", "hello", ...here()]);
    expect((await pawl(["session", "retire", "trip", ...here()])).stdout).toMatch(/^trip takes nothing new/);
    expect((await pawl(["run", "--session", "trip", "again", ...here()])).stderr).toMatch(/retired/);
    expect((await pawl(["session", "stop", "never", ...here()])).code).toBe(1);
  }, 60_000);
});

describe("pawl session --server", () => {
  it("works through a server, with its token", async () => {
    await pawl(["run", "--session", "far", "hello", ...here()]);
    const env = { PAWL_TOKEN: (await pawl(["token", "create", ...here()])).stdout.trim() };
    const there = ["--server", server.url];
    const held = await pawl(["session", "pause", "far", "--json", ...there], { env });
    expect([held.code, JSON.parse(held.stdout)]).toMatchObject([0, { session_id: "far", done: "pause" }]);
    expect((await pawl(["session", "resume", "far", ...there], { env })).stdout).toMatch(/^far goes on/);
    const never = await pawl(["session", "stop", "never", ...there], { env });
    expect([never.code, never.stderr]).toMatchObject([1, expect.stringContaining("(session_unknown)")]);
    const looked = await pawl(["doctor", "--json", ...there], { env });
    expect([looked.code, JSON.parse(looked.stdout).healthy]).toEqual([0, true]);
    const stranger = await pawl(["doctor", ...there], { env: { PAWL_TOKEN: "a-token-of-nobody-at-all" } });
    expect([stranger.code, stranger.stdout]).toMatchObject([
      1,
      expect.stringContaining("does not accept this token"),
    ]);
  }, 60_000);
});

describe("pawl nodes", () => {
  it("lists, drains and resumes the node of the server, which begins with nothing meanwhile", async () => {
    const listed = JSON.parse((await pawl(["nodes", "--json", ...here()])).stdout);
    // One process, one node: its ARCP sessions are held under it too.
    expect(listed.nodes).toMatchObject([{ alive: true, paused: false }]);
    const [node] = listed.nodes;
    const drained = await pawl(["nodes", "drain", node.node_id, "--json", ...here()]);
    expect([drained.code, JSON.parse(drained.stdout)]).toMatchObject([0, { paused: true, idle: true }]);
    const sent = await pawl(["submit", "--session", "held", "--json", "hello", ...here()]);
    const turnId = JSON.parse(sent.stdout).turn_id;
    expect((await pawl(["turn", "show", turnId, "--json", ...here()])).stdout).toContain('"state":"queued"');
    expect((await pawl(["nodes", ...here()])).stdout).toMatch(/paused/);
    expect((await pawl(["doctor", ...here()])).stdout).toMatch(/begin with nothing: they are paused/);
    expect((await pawl(["nodes", "resume", node.node_id, ...here()])).stdout).toMatch(/goes on/);
    expect((await pawl(["watch", turnId, "--json", ...here()])).code).toBe(0);
    const unknown = await pawl(["nodes", "pause", "nobody", ...here()]);
    expect([unknown.code, unknown.stderr]).toMatchObject([1, expect.stringContaining("(node_unknown)")]);
  }, 60_000);
});

describe("pawl dead-letters", () => {
  it("shows what followed from a commit and was refused, tries it again and discards it; doctor says so", async () => {
    await leaveLetter();
    const list = async () =>
      JSON.parse((await pawl(["dead-letters", "list", "--json", ...here()])).stdout).dead_letters;
    const [letter] = await list();
    const refused = { type: "input", to_session_id: "over", failure: { code: "session_not_accepting" } };
    expect(letter).toMatchObject({ session_id: "writer", ...refused });
    expect((await pawl(["dead-letters", "list", ...here()])).stdout).toContain("session_not_accepting");
    expect((await pawl(["doctor", ...here()])).stdout).toMatch(/warn {2}outbox +1 dead letters/);
    const env = { PAWL_TOKEN: (await pawl(["token", "create", ...here()])).stdout.trim() };
    const there = ["--server", server.url];
    const far = await pawl(["dead-letters", "list", "--session", "writer", "--json", ...there], { env });
    expect(JSON.parse(far.stdout).dead_letters).toEqual([letter]);
    const alice = await pawl(["token", "create", "--principal", "alice", ...here()]);
    const refusal = await pawl(["dead-letters", "list", ...there], {
      env: { PAWL_TOKEN: alice.stdout.trim() },
    });
    expect([refusal.code, refusal.stderr]).toMatchObject([1, expect.stringContaining("(forbidden)")]);
    expect((await pawl(["dead-letters", "retry", letter.id, ...there], { env })).code).toBe(0);
    // The server tries it again, and its session still takes nothing.
    await expect.poll(list, { timeout: 20_000 }).toMatchObject([{ id: letter.id, ...refused }]);
    expect((await pawl(["dead-letters", "discard", letter.id, ...here()])).code).toBe(0);
    expect(await list()).toEqual([]);
    const again = await pawl(["dead-letters", "discard", letter.id, ...here()]);
    expect([again.code, again.stderr]).toMatchObject([1, expect.stringContaining("(dead_letter_unknown)")]);
  }, 90_000);

  async function leaveLetter(): Promise<void> {
    const stream = { write: () => true } as never;
    const opened = await openAdminStore(configOf({ dataDir: folder.path }), {
      logger: createLogger({ level: "silent", stream }),
      progress: () => undefined,
    });
    const { store } = opened;
    const input = (session: string) => ({
      inputId: inputId(`in_${session}`),
      sessionId: sessionId(session),
      content: { parts: [{ type: "text" as const, text: "hi" }] },
      delivery: "next" as const,
    });
    const { nodes } = JSON.parse((await pawl(["nodes", "--json", ...here()])).stdout);
    const servers = nodes[0].node_id;
    try {
      await store.sessions.commitLifecycle(sessionId("over"), "destroyed");
      // The server must not take it first.
      await pawl(["nodes", "drain", servers, ...here()]);
      const node = await store.leases.openNode(nodeId("of_test"), { ttlMs: 60_000 });
      await store.inbox.accept(input("writer"));
      const request = { sessionId: sessionId("writer"), limit: 1, behaviours: [BEHAVIOUR] };
      const [claim] = await store.leases.claim(node, request);
      await store.sessions.commit(claim!.fence, {
        runId: turnId("run_1"),
        boundary: "immediate",
        outcome: null,
        usage: NO_USAGE,
        delta: null,
        inputIds: [],
        outbox: [{ type: "input", input: input("over") }],
      });
      await store.leases.closeNode(node);
    } finally {
      await pawl(["nodes", "resume", servers, ...here()]);
      await opened.close();
    }
  }
});

describe("pawl keys", () => {
  it("rotates the keys of the database: with a server running in two steps", async () => {
    const uses = async () => {
      const { keys } = JSON.parse((await pawl(["keys", "--json", ...here()])).stdout);
      return keys.map(({ id, use }: { id: string; use: string }) => `${id} ${use}`);
    };
    expect(await uses()).toEqual(["k1 signs"]);
    expect((await pawl(["keys", "rotate", ...here()])).stdout).toContain("keys rotate");
    expect(await uses()).toEqual(["k1 signs", "k2 next"]);
    expect((await pawl(["keys", "drop", "k1", ...here()])).stderr).toContain("(key_in_use)");
    expect((await pawl(["keys", "rotate", ...here()])).stdout).toMatch(/^Key k2 signs/);
    expect((await pawl(["keys", "drop", "k1", ...here()])).code).toBe(0);
    expect(await uses()).toEqual(["k2 signs"]);
  }, 60_000);

  it("prints the new value where the keys are the environment's, and changes nothing", async () => {
    const env = { PAWL_SECRET: `mine:${Buffer.alloc(32, "abcdefghij").toString("base64")}` };
    const { code, stdout, stderr } = await pawl(["keys", "rotate", ...here()], { env });
    expect(code).toBe(0);
    expect(stdout.trim().split(",")).toEqual(expect.arrayContaining([env.PAWL_SECRET]));
    expect(stderr).toContain("PAWL_SECRET");
    expect(stderr).not.toContain(env.PAWL_SECRET);
  }, 60_000);
});

describe("pawl jobs", () => {
  it("says that there are none, and knows one that is not there", async () => {
    expect((await pawl(["jobs", ...here()])).stdout).toMatch(/no jobs/);
    expect(JSON.parse((await pawl(["jobs", "list", "--live", "--json", ...here()])).stdout)).toEqual({
      jobs: [],
    });
    for (const args of [["jobs", "show"], ["cancel"], ["watch"], ["grant", "--usd", "1"]]) {
      const { code, stderr } = await pawl([...args, "job_never", ...here()]);
      expect([code, stderr], args.join(" ")).toMatchObject([1, expect.stringContaining("(job_unknown)")]);
    }
  }, 60_000);
});

describe("pawl doctor", () => {
  it("finds everything well, and says so in JSON too", async () => {
    const { code, stdout } = await pawl(["doctor", "--json", ...here()]);
    const { healthy, findings } = JSON.parse(stdout);
    expect([code, healthy]).toEqual([0, true]);
    const checks = findings.map(({ check }: { check: string }) => check);
    expect(checks).toEqual(
      expect.arrayContaining(["store", "database", "clock", "server", "queue", "turns", "keys"]),
    );
  }, 60_000);

  it("ends with 1 and says what to do when the database cannot be reached", async () => {
    const env = { DATABASE_URL: "postgres://nobody:secret@127.0.0.1:1/none" };
    const { code, stdout, stderr } = await pawl(["doctor", ...here()], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/database_unreachable.*Start it or correct DATABASE_URL/s);
    expect(stdout + stderr).not.toContain("secret");
  }, 60_000);
});

describe("pawl completion", () => {
  it.each(["bash", "zsh", "fish"])("prints a script for %s with the commands and flags", async (shell) => {
    const { code, stdout } = await pawl(["completion", shell]);
    expect(code).toBe(0);
    for (const word of ["doctor", "token", "revoke", "data-dir"]) expect(stdout).toContain(word);
  });

  it("completes what was begun, in bash", async () => {
    const { stdout } = await pawl(["completion", "bash"]);
    const complete = (words: string) => {
      const script = `${stdout}\nCOMP_WORDS=(${words})\nCOMP_CWORD=$((\${#COMP_WORDS[@]} - 1))\n_pawl\necho "\${COMPREPLY[@]}"`;
      return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim().split(" ");
    };
    expect(complete("pawl doc")).toEqual(["doctor"]);
    expect(complete("pawl token re")).toEqual(["revoke"]);
    expect(complete("pawl session --json ret")).toEqual(["retire"]);
    expect(complete("pawl run --sess")).toEqual(["--session"]);
  });

  it("knows three shells", async () => {
    expect((await pawl(["completion", "tcsh"])).code).toBe(2);
  });
});
