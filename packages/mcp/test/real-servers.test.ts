import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { call, npmServer as command, session, signal, mcpTools as tools } from "./harness.ts";

describe("real servers over stdio", () => {
  test("server-everything: every tool is listed and can be called", async () => {
    const toolbox = await tools({ servers: [command("server-everything")] }).open(undefined, session);
    expect(toolbox.servers[0]).toMatchObject({ server: "everything", origin: "cold", ttlSource: "default" });
    expect(toolbox.servers[0]?.protocolVersion).toMatch(/^\d{4}-\d\d-\d\d$/);
    const echo = toolbox.definitions.find(({ name }) => name === "echo");
    expect(echo?.onCrash).toBe("ask");
    expect(await toolbox.execute(call("echo", { message: "hello" }), { signal })).toEqual({
      status: "ok",
      output: "Echo: hello",
    });
    expect(await toolbox.execute(call("everything__echo", { message: "hi" }), { signal })).toMatchObject({
      status: "ok",
    });
  });

  test("server-everything: a picture is stored, and the answer refers to it", async () => {
    const toolbox = await tools({ servers: [command("server-everything")] }).open(undefined, session);
    const stored: { content: Uint8Array; mediaType: string }[] = [];
    const attach = async (content: Uint8Array | string, mediaType: string) => {
      stored.push({ content: content as Uint8Array, mediaType });
      return { ref: "sha256:00", bytes: content.length };
    };
    const outcome = await toolbox.execute(call("get-tiny-image", {}), { signal, attach });
    const bytes = stored[0]?.content.byteLength;
    expect(outcome).toMatchObject({
      status: "ok",
      output: expect.arrayContaining([{ type: "image", ref: "sha256:00", mediaType: "image/png", bytes }]),
    });
    expect(JSON.stringify(outcome)).not.toMatch(/[A-Za-z0-9+/]{200}/);
    expect(stored).toMatchObject([{ mediaType: "image/png" }]);
    expect([...(stored[0]?.content.subarray(0, 4) ?? [])]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  });

  test("server-filesystem: hints decide about crashes only when the server is trusted", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pawl-mcp-"));
    try {
      await writeFile(join(folder, "note.txt"), "pawl");
      const line = command("server-filesystem", folder);
      const strange = await tools({ servers: [line] }).open(undefined, session);
      expect(strange.find("read_text_file")?.onCrash).toBe("ask");
      const trusted = await tools({ servers: [{ command: line, trusted: true }] }).open(undefined, session);
      expect(trusted.find("read_text_file")?.onCrash).toBe("retry");
      expect(
        await trusted.execute(call("read_text_file", { path: join(folder, "note.txt") }), { signal }),
      ).toEqual({
        status: "ok",
        output: { content: "pawl" },
      });
      expect(
        await trusted.execute(call("read_text_file", { path: "/etc/passwd" }), { signal }),
      ).toMatchObject({
        status: "error",
        code: "mcp_tool_failed",
        message: expect.stringContaining("denied"),
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("server-memory beside server-everything: one table of names", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pawl-mcp-"));
    try {
      const toolbox = await tools({
        servers: [
          { command: command("server-memory"), env: { MEMORY_FILE_PATH: join(folder, "memory.jsonl") } },
          command("server-everything"),
        ],
      }).open(undefined, session);
      expect(toolbox.servers.map(({ server }) => server)).toEqual(["everything", "memory"]);
      const entities = [{ name: "pawl", entityType: "catch", observations: ["keeps"] }];
      expect(await toolbox.execute(call("create_entities", { entities }), { signal })).toMatchObject({
        status: "ok",
      });
      expect(await toolbox.execute(call("read_graph", {}), { signal })).toMatchObject({
        status: "ok",
        output: { entities },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
