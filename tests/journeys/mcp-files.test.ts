// Files in the answers of a real MCP server: kept by their content, referred to by the log, and there for whoever sees the session.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createHost } from "@pawl/host";
import { createHandler } from "@pawl/http";
import { createMcpTools } from "@pawl/mcp";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterAll, expect, it } from "vitest";

const require = createRequire(import.meta.url);
const manifest = require.resolve("@modelcontextprotocol/server-everything/package.json");
const { bin } = require(manifest) as { bin: Record<string, string> };
const script = join(manifest, "..", Object.values(bin)[0] as string);

const mcp = createMcpTools({ servers: [`"${process.execPath}" "${script}"`] });
const store = memoryStore();
const model = scriptedModel([{ tools: [{ name: "get-tiny-image" }] }, "seen", "seen again"]);
const host = createHost({ store, model, toolProvider: mcp });
afterAll(async () => {
  await host.stop({ drainMs: 0 });
  await mcp.close();
});

interface Picture {
  readonly type: string;
  readonly ref: string;
  readonly mediaType: string;
  readonly bytes: number;
}

it("a picture is an attachment of the session, and no row of the log has its bytes", async () => {
  const alice = host.as({ principal: "alice" });
  const turn = await alice.session("s1").send("show me");
  expect(await turn.result()).toMatchObject({ status: "completed", text: "seen" });
  const parts = (await alice.session("s1").transcript()).flatMap((message) => [...message.parts]);
  const result = parts.find((part) => part.type === "tool_result");
  const output = (result?.type === "tool_result" ? result.output : []) as unknown as readonly Picture[];
  const picture = output.find(({ type }) => type === "image") as Picture;
  expect(picture).toMatchObject({
    ref: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    mediaType: "image/png",
  });

  const stored = await alice.session("s1").attachment(picture.ref);
  expect([stored?.mediaType, stored?.bytes]).toEqual(["image/png", picture.bytes]);
  expect(Buffer.from(stored?.content.subarray(1, 4) ?? []).toString()).toBe("PNG");
  const base64 = Buffer.from(stored?.content ?? []).toString("base64");
  const record = JSON.stringify(await turn.record());
  expect(record).toContain(picture.ref);
  expect(record).not.toContain(base64.slice(0, 60));
  // What the model is asked with refers to it, too.
  expect(JSON.stringify(model.calls.at(-1))).not.toContain(base64.slice(0, 60));

  const handle = createHandler(host, {
    authorize: (request) => ({ name: request.headers.get("who") ?? "" }),
  });
  const path = `http://x/v1/sessions/s1/attachments/${encodeURIComponent(picture.ref)}`;
  const download = await handle(new Request(path, { headers: { who: "alice" } }));
  expect([download.status, (await download.arrayBuffer()).byteLength]).toEqual([200, picture.bytes]);
  expect((await handle(new Request(path, { headers: { who: "bob" } }))).status).toBe(404);

  await host.prune({ olderThanMs: 0, only: ["attachments"] });
  expect(await alice.session("s1").attachment(picture.ref)).not.toBe(null);
  expect(await turn.replay()).toMatchObject({ identical: true });
}, 60_000);
