import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { ROOT } from "./error-codes.ts";
import { snippets } from "./snippets.ts";

const run = promisify(execFile);
// Below `tests`, where every package can be resolved.
const folder = mkdtempSync(join(ROOT, "tests", ".snippets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const found = snippets();
for (const { name, code } of found) writeFileSync(join(folder, name), `${code}\nexport {};\n`);
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({
    extends: "@pawl/tsconfig/base.json",
    compilerOptions: { noEmit: true, types: ["node"], noUnusedLocals: false },
    include: ["*.ts"],
  }),
);

test("the programs of the READMEs compile", async () => {
  const pages = new Set(found.map(({ name }) => name.replace(/-\d+\.ts$/, "")));
  expect(pages.size).toBeGreaterThanOrEqual(10);
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  const { stdout } = await run(process.execPath, [tsc, "-p", folder]).catch((failed) => failed);
  expect(stdout).toBe("");
}, 60_000);

test.each(found.filter(({ runs }) => runs))("$name runs to its end", async ({ name }) => {
  const { stdout } = await run(process.execPath, [join(folder, name)], { timeout: 30_000 });
  expect(stdout).toContain("turn.committed\nFour degrees.");
});
