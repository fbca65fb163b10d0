import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findConfigFile } from "../../src/config-file/find-config-file.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "pawl-find-config-")));
const inRepo = join(root, "repo", "apps", "shop");
beforeAll(() => {
  mkdirSync(inRepo, { recursive: true });
  mkdirSync(join(root, "repo", ".git"));
});
afterAll(() => rmSync(root, { recursive: true }));

describe("pawl.config.ts", () => {
  it("is the nearest one here or above, and none above the repository", () => {
    writeFileSync(join(root, "pawl.config.ts"), "");
    expect(findConfigFile(inRepo)).toBeUndefined();
    const above = join(root, "repo", "pawl.config.mjs");
    writeFileSync(above, "");
    expect(findConfigFile(inRepo)).toBe(above);
    const here = join(inRepo, "pawl.config.ts");
    writeFileSync(here, "");
    expect(findConfigFile(inRepo)).toBe(here);
  });

  it("that is named is taken from the folder one is in, and must be there", () => {
    writeFileSync(join(inRepo, "other.ts"), "");
    expect(findConfigFile(inRepo, "./other.ts")).toBe(join(inRepo, "other.ts"));
    for (const named of ["nowhere.ts", "."]) {
      expect(() => findConfigFile(inRepo, named)).toThrow(
        expect.objectContaining({ code: "config_file_missing", message: expect.stringContaining(inRepo) }),
      );
    }
  });
});
