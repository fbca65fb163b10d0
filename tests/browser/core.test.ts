import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noBrowser, openBrowser } from "./chromium.ts";
import { hashWasm, ownPackage, type PageServer, servePages } from "./page-server.ts";
import runCore from "./pages/core.ts";
import { runPage } from "./run-page.ts";

describe.skipIf(noBrowser)("@pawl/core in a browser", () => {
  let browser: Browser;
  let server: PageServer;
  beforeAll(async () => {
    server = await servePages([ownPackage("@pawl/core"), hashWasm("@pawl/core")]);
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test("plays a turn with time stopped, to the same bytes as in Node", async () => {
    const { value, requests, complaints } = await runPage(browser, server, "core.ts");
    expect(complaints).toEqual([]);
    expect(value).toMatchObject({ phase: "finished", steps: 7, verified: true });
    expect(value).toEqual(JSON.parse(JSON.stringify(await runCore())));
    // The built files themselves ran, and nothing else was loaded: no zod, no Node built-in, no other host.
    expect(requests).toContain(`${server.url}@pawl/core/dist/index.js`);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    expect(requests.filter((url) => /zod|node:/.test(url))).toEqual([]);
  }, 60_000);
});
