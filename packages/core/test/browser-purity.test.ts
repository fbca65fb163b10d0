import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const FILES = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, code: withoutComments(readFileSync(`src/${file}`, "utf8")) }));

/** Comments may speak of what the code must not do. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

function filesWith(pattern: RegExp, files = FILES): string[] {
  return files.filter(({ code }) => pattern.test(code)).map(({ file }) => file);
}

describe("core runs in a browser with time stopped", () => {
  test.each([
    ["a Node built-in", /["'`]node:|\brequire\(/],
    ["the wall clock", /\bDate\.now\b|\bnew Date\b|\bDate\(\)|\bperformance\./],
    ["randomness", /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b/],
    ["a timer", /\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/],
    ["Node's globals", /\bprocess\.|\bBuffer\b|\b__dirname\b|\bglobalThis\b/],
    ["the network", /\bfetch\(|\bWebSocket\b|\bXMLHttpRequest\b/],
  ])("no file knows %s", (_, pattern) => {
    expect(filesWith(pattern)).toEqual([]);
  });

  test("the machine has no promise, no await and no exception of its own", () => {
    const machine = FILES.filter(({ file }) => file.startsWith("turn/"));
    expect(machine.length).toBeGreaterThan(15);
    expect(filesWith(/\bPromise\b|\bawait\b|\basync\b|\.then\(/, machine)).toEqual([]);
    expect(filesWith(/\bthrow\b|\btry\b/, machine)).toEqual([]);
  });

  test("imports nothing of ours, and of others only what it declares", () => {
    const imported = FILES.flatMap(({ code }) =>
      [...code.matchAll(/\bfrom\s+"([^"]+)"|\bimport\("([^"]+)"\)/g)].map((m) => m[1] ?? m[2]),
    );
    const outside = new Set(imported.filter((name) => !name?.startsWith(".")));
    expect([...outside].sort()).toEqual(["@standard-schema/spec", "hash-wasm"]);
  });

  test("the check itself bites", () => {
    const bad = [{ file: "bad.ts", code: withoutComments("// fine: Date.now()\nconst t = Date.now();") }];
    expect(filesWith(/\bDate\.now\b/, bad)).toEqual(["bad.ts"]);
    const good = [{ file: "good.ts", code: withoutComments("/* Date.now() */ // Date.now()") }];
    expect(filesWith(/\bDate\.now\b/, good)).toEqual([]);
  });
});
