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

function imports(file: string): string[] {
  const code = FILES.find((f) => f.file === file)?.code ?? "";
  return [...code.matchAll(/\bfrom\s+"([^"]+)"|\bimport\("([^"]+)"\)/g)].map((m) => m[1] ?? m[2] ?? "");
}

/** The packages that these files import. */
function outside(files: readonly string[]): string[] {
  return [...new Set(files.flatMap(imports).filter((name) => !name.startsWith(".")))].sort();
}

/** Every file that an entry imports, directly or not. */
function reachedFrom(entry: string): string[] {
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const name of imports(file)) {
      if (name.startsWith(".")) reached.add(new URL(name, `file:///${file}`).pathname.slice(1));
    }
  }
  return [...reached];
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
    expect(outside(FILES.map(({ file }) => file))).toEqual([
      "@standard-schema/spec",
      "hash-wasm",
      "zod/locales",
      "zod/mini",
    ]);
  });

  test("only the codec needs zod: the other entries do not reach it", () => {
    expect(outside(reachedFrom("codec/index.ts"))).toContain("zod/mini");
    for (const entry of ["index.ts", "ports/index.ts"]) {
      const reached = reachedFrom(entry);
      expect(reached.length).toBeGreaterThan(5);
      expect(reached.filter((file) => file.startsWith("codec/"))).toEqual([]);
      expect(outside(reached).filter((name) => name.startsWith("zod"))).toEqual([]);
    }
  });

  test("the check itself bites", () => {
    const bad = [{ file: "bad.ts", code: withoutComments("// fine: Date.now()\nconst t = Date.now();") }];
    expect(filesWith(/\bDate\.now\b/, bad)).toEqual(["bad.ts"]);
    const good = [{ file: "good.ts", code: withoutComments("/* Date.now() */ // Date.now()") }];
    expect(filesWith(/\bDate\.now\b/, good)).toEqual([]);
  });
});
