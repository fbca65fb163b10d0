import fc from "fast-check";
import { quote } from "shlex";
import { describe, expect, test } from "vitest";
import { parseCommandLine } from "../src/config/command-line.ts";
import { type McpServerInput, readServerConfigs } from "../src/config/server-config.ts";
import { createEnvironmentReader } from "../src/environment.ts";

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
    return undefined;
  } catch (thrown) {
    return (thrown as { code?: unknown }).code;
  }
};

describe("command lines", () => {
  test("quotes, escapes and leading assignments are read as in a terminal", () => {
    expect(parseCommandLine(`A=1 B='two words' npx -y "@scope/server" --root '/my docs' a\\ b`)).toEqual({
      command: "npx",
      args: ["-y", "@scope/server", "--root", "/my docs", "a b"],
      env: { A: "1", B: "two words" },
    });
  });

  test.each(["", "   ", "npx 'open", 'npx "open', "a | b", "a && b", "a; ; b", "a > file", "A=1", "a \0"])(
    "what cannot be started is refused with what to do: %j",
    (text) => {
      expect(codeOf(() => parseCommandLine(text))).toBe("mcp_command_invalid");
    },
  );

  test("nothing is expanded", () => {
    expect(parseCommandLine("server $HOME *.txt ~").args).toEqual(["$HOME", "*.txt", "~"]);
  });

  test("any words survive quoting", () => {
    const word = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        fc.pre(words.every((each) => !/^(\|\|?|&&?|;|\d?>>?(&\d)?|<|\|&)$/.test(each)));
        expect(parseCommandLine(["server", ...words].map(quote).join(" ")).args).toEqual(words);
      }),
    );
  });
});

describe("names of servers", () => {
  test.each<[McpServerInput, string]>([
    ["npx -y @modelcontextprotocol/server-everything", "everything"],
    ["npx -y @modelcontextprotocol/server-filesystem@1.2.3 /tmp", "filesystem"],
    ["uvx mcp-server-git --repository .", "git"],
    ["docker run -i --rm ghcr.io/github/github-mcp-server:v1", "github"],
    ["node /home/me/weather/dist/index.js", "weather"],
    ["/usr/local/bin/my-mcp-server", "my"],
    ["python -m my_server", "my"],
    ["https://mcp.linear.app/mcp", "linear"],
    ["https://example.com/mcp", "example"],
    ["http://127.0.0.1:8080/mcp", "127_0_0_1_8080"],
    ["http://localhost:8080/mcp", "localhost"],
    [{ command: "npx x", name: "My Docs!" }, "my_docs"],
  ])("%j is %s", (input, name) => {
    expect(readServerConfigs([input])[0]?.name).toBe(name);
  });

  test("names made up twice are numbered; names chosen twice are a mistake", () => {
    expect(readServerConfigs(["npx a", "npx a", "npx a"]).map(({ name }) => name)).toEqual([
      "a",
      "a-2",
      "a-3",
    ]);
    const chosen = [
      { command: "a", name: "docs" },
      { command: "b", name: "Docs" },
    ];
    expect(codeOf(() => readServerConfigs(chosen))).toBe("mcp_config_invalid");
  });
});

test.each<[string, unknown]>([
  ["neither command nor address", {}],
  ["both", { command: "a", url: "https://a.example" }],
  ["an unknown option", { command: "a", trust: true }],
  ["a wrong type", { command: "a", ttlMs: "1h" }],
  ["no address", { url: "not an address" }],
  ["a credential in the address", { url: "https://me:secret@a.example/" }],
  ["a file", { url: "file:///etc/passwd" }],
  ["a broken allow list", { url: "https://a.example", allow: ["10.0.0.0/99"] }],
  ["a number", 7],
  ["null", null],
])("bad configuration is told: %s", (_, input) => {
  expect(codeOf(() => readServerConfigs([input as McpServerInput]))).toBe("mcp_config_invalid");
});

test("an error never repeats a credential from an address", () => {
  expect(() => readServerConfigs(["https://me:secret@a.example/"])).not.toThrow(/secret/);
});

describe("environments", () => {
  const configured = readServerConfigs([
    { command: "a", name: "docs" },
    { command: "b", name: "mail" },
  ]);

  test("an input can only choose among configured servers", () => {
    const read = createEnvironmentReader(configured, false);
    expect(read(undefined)).toBe(configured);
    expect(read({ other: 1 })).toBe(configured);
    expect(read({ mcp: ["mail"] }).map(({ name }) => name)).toEqual(["mail"]);
    expect(read({ mcp: [] })).toEqual([]);
    expect(codeOf(() => read({ mcp: ["rm -rf /"] }))).toBe("mcp_config_invalid");
    expect(codeOf(() => read({ mcp: [{ command: "rm" }] }))).toBe("mcp_config_invalid");
    expect(codeOf(() => read({ mcp: "mail" }))).toBe("mcp_config_invalid");
  });

  test("where inputs are trusted they may bring servers of their own; the same text is the same configuration", () => {
    const read = createEnvironmentReader(configured, true);
    const environment = { mcp: ["docs", "npx -y @scope/server-docs"] };
    expect(read(environment).map(({ name }) => name)).toEqual(["docs", "docs-2"]);
    expect(read(structuredClone(environment))).toBe(read(environment));
  });
});
