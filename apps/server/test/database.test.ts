import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createTestDatabase } from "@pawl/test-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkDatabase } from "../src/database.ts";

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const changed = (change: (url: URL) => void) => {
  const url = new URL(database.url);
  change(url);
  return url.href;
};

describe("a database of one's own", () => {
  it("is accepted when it answers", async () => {
    await expect(checkDatabase(database.url)).resolves.toBeUndefined();
  });

  it("is refused in a sentence when the password is wrong, and the password is not in it", async () => {
    const url = changed((it) => {
      it.password = "geheim";
    });
    const error: Error = await checkDatabase(url).then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error).toMatchObject({
      code: "database_refused",
      message: expect.stringContaining("user and password"),
    });
    expect(error.message).not.toContain("geheim");
  });

  it("is refused when there is no such database", async () => {
    const url = changed((it) => {
      it.pathname = "/nope";
    });
    await expect(checkDatabase(url)).rejects.toMatchObject({
      code: "database_refused",
      message: expect.stringContaining("createdb"),
    });
  });

  it("is refused when nothing listens, and when something else does", async () => {
    const other = createServer((socket) => socket.end("HTTP/1.1 400\r\n\r\n")).listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await expect(checkDatabase(`postgres://u:geheim@127.0.0.1:${port}/x`)).rejects.toMatchObject({
      code: "database_unreachable",
    });
    other.close();
    await expect(checkDatabase(`postgres://u:geheim@127.0.0.1:${port}/x`)).rejects.toMatchObject({
      code: "database_unreachable",
      message: expect.stringMatching(/^(?!.*geheim).*nothing listens there/),
    });
  });
});
