import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };

it("is made without @pawl/host: the parts do for others what they do for it", () => {
  const parts = Object.keys(manifest.dependencies);
  expect(parts).not.toContain("@pawl/host");
  expect(parts).not.toContain("pawl");
  for (const file of ["compose.ts", "host-from-parts.ts", "weather.ts"]) {
    const source = readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
    for (const [, imported] of source.matchAll(/from "(@pawl\/[^/"]+|pawl)/g))
      expect(parts).toContain(imported);
  }
});
