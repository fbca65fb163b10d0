import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepareDataFolder } from "../src/data-folder.ts";
import { findServer, removeServerFile, serverFile, writeServerFile } from "../src/server-file.ts";
import { loadToken, readToken, tokenFile } from "../src/token-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pawl-data-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the data folder", () => {
  it("is made when it is not there, and left clean", async () => {
    const deep = join(folder, "a", "b");
    await prepareDataFolder(deep);
    expect(await readdir(deep)).toEqual([]);
  });

  it("is refused in a sentence when it is a file, lies under one, or is nowhere", async () => {
    await writeFile(join(folder, "file"), "");
    for (const path of [join(folder, "file"), join(folder, "file", "x")]) {
      await expect(prepareDataFolder(path)).rejects.toMatchObject({
        code: "data_dir_not_a_folder",
        message: expect.stringContaining("PAWL_DATA_DIR"),
      });
    }
  });

  it.skipIf(process.getuid?.() === 0)("is refused when this user may not write to it", async () => {
    await chmod(folder, 0o555);
    await expect(prepareDataFolder(folder)).rejects.toMatchObject({ code: "data_dir_unwritable" });
    await chmod(folder, 0o755);
  });
});

describe("the token", () => {
  it("is made once, whoever asks first, and is its owner's alone", async () => {
    expect(await readToken(folder)).toBeUndefined();
    const tokens = await Promise.all([loadToken(folder), loadToken(folder), loadToken(folder)]);
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/^[\w-]{43}$/);
    expect(await readToken(folder)).toBe(tokens[0]);
    expect((await stat(tokenFile(folder))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["token"]);
  });

  it("is never taken from an empty file", async () => {
    await writeFile(tokenFile(folder), "\n");
    await expect(loadToken(folder)).rejects.toMatchObject({ code: "token_file_unusable" });
  });
});

describe("the running server of a folder", () => {
  it("is found when it answers, and taken for none when another program answers at its address", async () => {
    let instance = "i1";
    const server = createServer((_, response) => response.end(JSON.stringify({ instance }))).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await findServer(folder)).toBeUndefined();
    await writeServerFile(folder, { url, pid: 7, instance: "i1" });
    expect(await findServer(folder)).toEqual({ url, pid: 7, instance: "i1" });
    instance = "i2";
    expect(await findServer(folder)).toBeUndefined();
    instance = "i1";
    server.close();
    server.closeAllConnections();
    expect(await findServer(folder)).toBeUndefined();
  });

  it("takes its own file away and not that of the one that came after it", async () => {
    await writeServerFile(folder, { url: "http://127.0.0.1:1", pid: 7, instance: "i2" });
    await removeServerFile(folder, "i1");
    expect(JSON.parse(await readFile(serverFile(folder), "utf8")).instance).toBe("i2");
    await removeServerFile(folder, "i2");
    expect(await readdir(folder)).toEqual([]);
  });

  it("is none when the file is not what it should be", async () => {
    await writeFile(serverFile(folder), "{nope");
    expect(await findServer(folder)).toBeUndefined();
    await writeFile(serverFile(folder), JSON.stringify({ url: 1 }));
    expect(await findServer(folder)).toBeUndefined();
  });
});
