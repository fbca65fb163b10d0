import { PawlError } from "@pawl/core";
import type { ToolContext } from "@pawl/core/ports";
import type { McpCallResult } from "@pawl/mcp-cache";
import { describe, expect, test } from "vitest";
import { minimalEnvironment } from "../src/connections/minimal-environment.ts";
import { diffTools } from "../src/index.ts";
import { outputFault } from "../src/tools/output-check.ts";
import { toolAnswer } from "../src/tools/tool-answer.ts";
import { checkTool } from "../src/tools/tool-check.ts";
import { toolDefinition } from "../src/tools/tool-definition.ts";
import { createNameTable } from "../src/tools/tool-names.ts";

const text = (value: string) => ({ type: "text", text: value });
const image = { type: "image", data: "aGk=", mimeType: "image/png" };

describe("what the model is given", () => {
  test.each<[string, Partial<McpCallResult>, unknown]>([
    ["text", { content: [text("a")] }, { status: "ok", output: "a" }],
    ["several texts", { content: [text("a"), text("b")] }, { status: "ok", output: "a\nb" }],
    ["nothing", {}, { status: "ok", output: "" }],
    ["more than text", { content: [text("a"), image] }, { status: "ok", output: [text("a"), image] }],
    ["structure", { content: [text("{}")], structuredContent: { n: 1 } }, { status: "ok", output: { n: 1 } }],
    [
      "a failure",
      { content: [text("no such file")], isError: true },
      { status: "error", code: "mcp_tool_failed", message: "no such file" },
    ],
    [
      "a failure with structure",
      { content: [text("no")], structuredContent: { why: 1 }, isError: true },
      { status: "error", code: "mcp_tool_failed", message: "no", output: { why: 1 } },
    ],
    [
      "a failure without words",
      { isError: true },
      { status: "error", code: "mcp_tool_failed", message: 'The tool "t" failed and did not say why.' },
    ],
  ])("%s", async (_, result, expected) => {
    expect(await toolAnswer({ content: [], isError: false, ...result }, "t")).toEqual(expected);
  });

  const kept: { content: string; mediaType: string }[] = [];
  const attach: NonNullable<ToolContext["attach"]> = async (content, mediaType) => {
    if (mediaType === "image/refused") throw new PawlError("not_storable", "It is too large.");
    kept.push({ content: Buffer.from(content as Uint8Array).toString(), mediaType });
    return { ref: `sha256:${kept.length}`, bytes: (content as Uint8Array).byteLength };
  };
  const answer = (result: Partial<McpCallResult>) =>
    toolAnswer({ content: [], isError: false, ...result }, "t", attach);
  const stored = { type: "image", ref: "sha256:1", mediaType: "image/png", bytes: 2 };

  test("pictures, sound and binary resources are stored and referred to; no base64 is in the result", async () => {
    kept.length = 0;
    const audio = { type: "audio", data: "aG8=", mimeType: "audio/wav" };
    const binary = (uri: string, mimeType?: string) => ({
      type: "resource",
      resource: { uri, mimeType, blob: "aGE=" },
    });
    const readable = {
      type: "resource",
      resource: { uri: "file:///a.md", mimeType: "text/markdown", text: "# a" },
    };
    const link = { type: "resource_link", uri: "file:///b.png", name: "b", mimeType: "image/png" };
    const content = [
      text("see"),
      image,
      audio,
      binary("file:///c.pdf"),
      binary("file:///d", "image/gif"),
      readable,
      link,
    ];
    expect(await answer({ content })).toEqual({
      status: "ok",
      output: [
        text("see"),
        stored,
        { type: "file", ref: "sha256:2", mediaType: "audio/wav", bytes: 2 },
        {
          type: "file",
          ref: "sha256:3",
          mediaType: "application/octet-stream",
          bytes: 2,
          name: "file:///c.pdf",
        },
        { type: "image", ref: "sha256:4", mediaType: "image/gif", bytes: 2, name: "file:///d" },
        readable,
        link,
      ],
    });
    expect(kept.map((one) => one.content)).toEqual(["hi", "ho", "ha", "ha"]);
  });

  test("a picture beside structure, or with a failure, is not left out", async () => {
    kept.length = 0;
    const both = await answer({ content: [text("{}"), image], structuredContent: { n: 1 } });
    expect(both).toEqual({ status: "ok", output: [{ type: "structured", value: { n: 1 } }, stored] });
    kept.length = 0;
    expect(await answer({ content: [text("no"), image], isError: true })).toEqual({
      status: "error",
      code: "mcp_tool_failed",
      message: "no",
      output: [text("no"), stored],
    });
  });

  test("what cannot be read or stored is told, and the rest of the answer counts", async () => {
    const broken = { type: "image", data: "%%%", mimeType: "image/png" };
    const refused = { type: "image", data: "aGk=", mimeType: "image/refused" };
    const odd = { type: "image", mimeType: "image/png" };
    const { output } = (await answer({ content: [text("a"), broken, refused, odd] })) as { output: unknown };
    expect(output).toEqual([
      text("a"),
      text("[A file (image/png) came with the answer and is not here: it is not base64]"),
      text("[A file (image/refused) came with the answer and is not here: It is too large.]"),
      odd,
    ]);
  });
});

const [named] = createNameTable([{ server: "docs", tools: ["read"] }]).entries;
const define = (more: object = {}, trusted = true, name = "read") =>
  toolDefinition(
    { ...named!, original: name, name },
    { name, inputSchema: { type: "object" }, ...more },
    { trusted, callTimeoutMs: 1_000 },
  );

describe("D12: onCrash", () => {
  test.each([
    [true, { readOnlyHint: true }, "retry"],
    [true, { idempotentHint: true }, "retry"],
    [true, { destructiveHint: false }, "ask"],
    [true, undefined, "ask"],
    [false, { readOnlyHint: true }, "ask"],
    [false, { idempotentHint: true }, "ask"],
  ] as const)("trusted %s, %j: %s", (trusted, annotations, expected) => {
    expect(define(annotations && { annotations }, trusted).onCrash).toBe(expected);
  });
});

describe("what changed", () => {
  test("tools are told apart by server and the server's own name, not by what they are shown as", () => {
    const before = [define(), define({}, true, "write"), define({ description: "old" }, true, "list")];
    const after = [
      { ...define(), name: "docs__read" },
      define({ description: "new" }, true, "list"),
      define({}, true, "find"),
    ];
    const diff = diffTools(before, after);
    expect(diff.added.map(({ name }) => name)).toEqual(["find"]);
    expect(diff.removed.map(({ name }) => name)).toEqual(["write"]);
    expect(diff.changed).toMatchObject([{ before: { description: "old" }, members: ["description"] }]);
  });

  test("the order of members in a schema is no change; a hint is one", () => {
    const one = define({ inputSchema: { type: "object", title: "a" } });
    const two = define({ inputSchema: { title: "a", type: "object" } });
    const three = define({
      inputSchema: { title: "a", type: "object" },
      annotations: { destructiveHint: true },
    });
    expect(diffTools([one], [two]).changed).toEqual([]);
    expect(diffTools([one], [three]).changed).toMatchObject([{ members: ["hints"] }]);
  });
});

describe("output schemas", () => {
  test("an answer is checked against its own schema in its own dialect", () => {
    const definition = define({
      outputSchema: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
    });
    expect(outputFault(definition, { n: 1 })).toBeUndefined();
    expect(outputFault(definition, { n: "1" })).toBe("/n must be number.");
    expect(outputFault(definition, {})).toMatch(/required/);
    const old = {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      definitions: { n: { type: "number" } },
    };
    const olden = define({ outputSchema: { ...old, properties: { n: { $ref: "#/definitions/n" } } } });
    expect(outputFault(olden, { n: "1" })).toBe("/n must be number.");
  });

  test("a schema that cannot be compiled checks nothing", () => {
    expect(
      outputFault(define({ outputSchema: { type: "object", $ref: "https://nowhere.example/x" } }), {}),
    ).toBeUndefined();
  });
});

test("a schema of any depth is refused without a crash", () => {
  let deep: object = { type: "string" };
  for (let i = 0; i < 100_000; i++) deep = { type: "object", properties: { a: deep } };
  const checked = checkTool({ name: "deep", inputSchema: deep });
  expect(checked).toMatchObject({ problem: { code: "mcp_tool_schema_invalid", tool: "deep" } });
});

test("the minimal environment has no secret of the host, on any platform", () => {
  const host = {
    PATH: "/bin",
    HOME: "/home/me",
    SYSTEMROOT: "C:\\Windows",
    OPENAI_API_KEY: "sk",
    AWS_SECRET_ACCESS_KEY: "s",
    DATABASE_URL: "postgres://me:pw@db",
    HTTPS_PROXY: "http://me:pw@proxy",
    NODE_OPTIONS: "--require=/evil.js",
    SHELL: "() { :; }; evil",
    NPM_TOKEN: "t",
  };
  expect(minimalEnvironment(host, [], {}, "linux")).toEqual({ PATH: "/bin", HOME: "/home/me" });
  expect(minimalEnvironment(host, [], {}, "win32")).toEqual({ PATH: "/bin", SYSTEMROOT: "C:\\Windows" });
  expect(minimalEnvironment(host, ["NPM_TOKEN", "ABSENT"], { PATH: "/mine" }, "linux")).toEqual({
    PATH: "/mine",
    HOME: "/home/me",
    NPM_TOKEN: "t",
  });
});
