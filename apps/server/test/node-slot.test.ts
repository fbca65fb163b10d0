import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { takeNodeSlot } from "../src/node-slot.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pawl-slots-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("gives the living different names, and the next one the name of the dead", async () => {
  const first = await takeNodeSlot(folder);
  const second = await takeNodeSlot(folder);
  expect(first?.nodeId).toMatch(/^node_[0-9a-f]{32}$/);
  expect(second?.nodeId).not.toBe(first?.nodeId);
  first?.release();
  const third = await takeNodeSlot(folder);
  expect(third?.nodeId).toBe(first?.nodeId);
  second?.release();
  third?.release();
});

it("takes the name back from a process that was killed, and from none that lives", async () => {
  const holder = `
    import { takeNodeSlot } from ${JSON.stringify(new URL("../src/node-slot.ts", import.meta.url).href)};
    console.log((await takeNodeSlot(process.argv[1])).nodeId);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", holder, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const name = String((await once(child.stdout, "data"))[0]).trim();
  const beside = await takeNodeSlot(folder);
  expect(beside?.nodeId).not.toBe(name);
  child.kill("SIGKILL");
  await once(child, "exit");
  await vi.waitFor(
    async () => {
      const slot = await takeNodeSlot(folder);
      slot?.release();
      expect(slot?.nodeId).toBe(name);
    },
    { timeout: 10_000 },
  );
  beside?.release();
});

it("does without where there can be no lock", async () => {
  await writeFile(join(folder, "nodes"), "");
  expect(await takeNodeSlot(folder)).toBeUndefined();
});
