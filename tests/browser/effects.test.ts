import { CONTROLLER_CASES } from "@pawl/testing/controller-suite";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noBrowser, openBrowser } from "./chromium.ts";
import { hashWasm, ownPackage, type PageServer, servePages, zod } from "./page-server.ts";
import { runPage } from "./run-page.ts";

const PACKAGES = ["core", "effects", "host", "queue-runner", "store-memory", "testing"];

describe.skipIf(noBrowser)("@pawl/effects in a browser", () => {
  let browser: Browser;
  let server: PageServer;
  beforeAll(async () => {
    const own = PACKAGES.map((name) => ownPackage(`@pawl/${name}`));
    server = await servePages([...own, hashWasm("@pawl/core"), zod()]);
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test("both controllers keep their contract, and a turn runs, ends and replays to the same bytes", async () => {
    const { value, requests, complaints } = await runPage(browser, server, "effects.ts");
    expect(complaints).toEqual([]);
    expect(value).toMatchObject({
      passed: CONTROLLER_CASES.flatMap(({ tiers }) => tiers).length,
      failed: [],
      result: { status: "completed", text: "It is 42." },
      replayed: { identical: true, performed: 0 },
    });
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
  }, 120_000);
});
