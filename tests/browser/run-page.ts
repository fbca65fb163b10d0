import type { Browser } from "playwright-core";
import type { PageServer } from "./page-server.ts";

export interface PageRun {
  readonly value: unknown;
  /** Everything that the page loaded. */
  readonly requests: readonly string[];
  /** Errors and warnings that the page wrote or left uncaught. */
  readonly complaints: readonly string[];
}

/** Opens a blank page, imports `pages/<name>` and calls its default export, whose value must be JSON. */
export async function runPage(browser: Browser, server: PageServer, name: string): Promise<PageRun> {
  const page = await browser.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  try {
    // The browser asks for an icon by itself; a page that never was is not a complaint.
    await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
    await page.goto(server.url);
    // As text, so that no tool rewrites the import.
    const value: unknown = await page.evaluate(`import("/pages/${name}").then((page) => page.default())`);
    return { value, requests, complaints };
  } finally {
    await page.close();
  }
}
