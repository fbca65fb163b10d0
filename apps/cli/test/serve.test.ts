import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readdir, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder, pawl, startServer } from "./pawl-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

const bearer = () => ({ authorization: `Bearer ${readFileSync(join(folder.path, "token"), "utf8").trim()}` });

describe("pawl serve", { timeout: 60_000 }, () => {
  it("says in one line where it is, where its data and its token are, and what to try; and stops in time", async () => {
    const server = await startServer(folder.path);
    const line = server.process.stdout();
    expect(line.match(/\n/g)).toHaveLength(1);
    for (const part of [folder.path, join(folder.path, "token"), `run --data-dir ${folder.path} "Hello"`]) {
      expect(line).toContain(part);
    }
    expect((await stat(join(folder.path, "token"))).mode & 0o777).toBe(0o600);
    expect(await (await fetch(`${server.url}/healthz`)).json()).toMatchObject({ status: "ok" });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${server.url}/v1/sessions`)).status).toBe(401);

    const began = performance.now();
    const { code, stdout } = await server.stop("SIGTERM");
    expect(code).toBe(0);
    expect(stdout).toBe(line);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await readdir(folder.path)).not.toContain("server.json");
  });

  it("starts again on the same data, also after SIGKILL, and stops with SIGINT", async () => {
    const killed = await startServer(folder.path);
    const run = ["run", "--data-dir", folder.path, "--session", "kept", "--quiet"];
    expect((await pawl([...run, "Hello"])).code).toBe(0);
    await killed.stop("SIGKILL");
    const server = await startServer(folder.path);
    const session = (await (await fetch(`${server.url}/v1/sessions/kept`, { headers: bearer() })).json()) as {
      revision: number;
    };
    expect(session.revision).toBe(1);
    expect((await server.stop("SIGINT")).code).toBe(0);
  });

  it("ends streams that are open when it stops", async () => {
    const server = await startServer(folder.path);
    const stream = await fetch(`${server.url}/v1/sessions/kept/events`, { headers: bearer() });
    let text = "";
    for await (const piece of stream.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      // Everything that was is shown, and the stream stays open for what comes: the server is asked to stop now.
      if (text.includes("turn.committed")) server.process.child.kill("SIGTERM");
    }
    expect(text).toContain("turn.committed");
    expect((await server.process.ended).code).toBe(0);
  });
});

describe("pawl serve, where it cannot start, says so in a sentence and starts nothing", {
  timeout: 60_000,
}, () => {
  it("a port that another program has", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const fresh = await makeFolder();
    const { code, stdout, stderr } = await pawl(["serve", "--port", String(port), "--data-dir", fresh.path]);
    other.close();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken`);
    expect(await readdir(fresh.path)).toEqual([]);
    await fresh.remove();
  });

  it("a port that its own server has", async () => {
    const server = await startServer(folder.path);
    const { port } = new URL(server.url);
    const { code, stderr } = await pawl(["serve", "--port", port, "--data-dir", folder.path]);
    await server.stop();
    expect(code).toBe(1);
    expect(stderr).toContain(`already runs on this data folder: ${server.url}`);
  });

  it("an address of another machine", async () => {
    const { code, stderr } = await pawl([
      "serve",
      "--host",
      "203.0.113.7",
      "--port",
      "0",
      "--data-dir",
      folder.path,
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("Choose an address of this machine");
  });

  it("a data folder that cannot be written", async () => {
    const file = join(folder.path, "a-file");
    await writeFile(file, "");
    const { code, stdout, stderr } = await pawl(["serve", "--port", "0", "--data-dir", join(file, "data")]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^pawl: .*cannot be a data folder\. Choose a folder with PAWL_DATA_DIR\. \([a-z_]+\)\n$/,
    );
  });

  it("a database that does not answer", async () => {
    const env = { DATABASE_URL: "postgres://me:geheim@127.0.0.1:1/x" };
    const { code, stdout, stderr } = await pawl(["serve", "--port", "0", "--data-dir", folder.path], { env });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      "PostgreSQL at postgres://me:***@127.0.0.1:1/x cannot be reached: nothing listens there.",
    );
    expect(stderr).not.toContain("geheim");
  });

  it("a model that cannot be had", async () => {
    const { code, stderr } = await pawl([
      "serve",
      "--port",
      "0",
      "--data-dir",
      folder.path,
      "--model",
      "openai/x",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("OPENAI_API_KEY");
  });
});
