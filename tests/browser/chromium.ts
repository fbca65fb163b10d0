import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { arch, platform, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Packed, { inflate } from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

/** A browser that is already there, for machines that the packed one does not run on. */
const OWN = process.env.PAWL_TEST_CHROMIUM;

const MANIFEST = findPackageJSON("@sparticuz/chromium", import.meta.url) ?? "";

/** Why there is no browser here, or undefined. */
export const noBrowser: string | undefined =
  OWN !== undefined || (platform() === "linux" && arch() === "x64")
    ? undefined
    : "the packed Chromium is for Linux on x64: set PAWL_TEST_CHROMIUM to the path of another";

/** Starts a browser without a screen that talks to nobody by itself. */
export async function openBrowser(): Promise<Browser> {
  if (OWN !== undefined) return launch(OWN);
  const folder = await unpacked();
  try {
    return await launch(join(folder, "chromium"));
  } catch {
    // A bare container lacks the libraries of a desktop; the package has them too.
    const libraries = await inTemporaryFolder(folder, () =>
      inflate(join(dirname(MANIFEST), "bin", "al2023.tar.br")),
    );
    return launch(join(folder, "chromium"), join(libraries, "lib"));
  }
}

function launch(executablePath: string, libraries?: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      // Root has no sandbox, and these pages are our own.
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-domain-reliability",
      "--no-pings",
    ],
    ...(libraries !== undefined && { env: { ...process.env, LD_LIBRARY_PATH: libraries } }),
  });
}

/** The unpacked browser; whoever comes first unpacks it aside and moves it into place, so that nobody starts half of it. */
async function unpacked(): Promise<string> {
  const { version } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { version: string };
  const folder = join(tmpdir(), `pawl-chromium-${version}`);
  if (existsSync(folder)) return folder;
  const aside = await mkdtemp(`${folder}-`);
  await inTemporaryFolder(aside, () => Packed.executablePath());
  try {
    await rename(aside, folder);
  } catch (error) {
    await rm(aside, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The package unpacks into the system's temporary folder and knows no other. */
async function inTemporaryFolder<T>(folder: string, run: () => Promise<T>): Promise<T> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
