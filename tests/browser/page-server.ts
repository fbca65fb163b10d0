import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { findPackageJSON, stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const PAGES = fileURLToPath(new URL("pages/", import.meta.url));

/** Where the built files of a package lie that a page imports by name, and the file that its name stands for. */
export interface ServedPackage {
  readonly name: string;
  /** Folder of files to serve. */
  readonly folder: string;
  /** Specifier → file in the folder. */
  readonly imports: { readonly [specifier: string]: string };
}

/** The built files of one of our packages, by its own `exports`. Nothing is bundled: the browser loads what we publish. */
export function ownPackage(name: string): ServedPackage {
  const manifest = manifestOf(name, import.meta.url);
  const { exports } = JSON.parse(readFileSync(manifest, "utf8")) as {
    exports: Record<string, string | { default: string }>;
  };
  const imports: Record<string, string> = {};
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target !== "string") imports[name + subpath.slice(1)] = target.default;
  }
  return { name, folder: dirname(manifest), imports };
}

/** hash-wasm, of which a package of ours depends. */
export function hashWasm(of: string): ServedPackage {
  const folder = dirname(manifestOf("hash-wasm", manifestOf(of, import.meta.url)));
  return { name: "hash-wasm", folder, imports: { "hash-wasm": "dist/index.esm.js" } };
}

/** zod, with which pages describe their tools. */
export function zod(): ServedPackage {
  return { name: "zod", folder: dirname(manifestOf("zod", import.meta.url)), imports: { zod: "index.js" } };
}

function manifestOf(name: string, from: string): string {
  const path = findPackageJSON(name, from);
  if (path === undefined) throw new Error(`${name} is not installed: run pnpm install.`);
  return path;
}

export interface PageServer {
  /** A blank page whose scripts may import the packages by name, and pages from `/pages/`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves on loopback only. TypeScript loses its types on the way and is otherwise as it is. */
export async function servePages(packages: readonly ServedPackage[]): Promise<PageServer> {
  const imports: Record<string, string> = {};
  for (const { name, imports: own } of packages) {
    for (const [specifier, file] of Object.entries(own)) imports[specifier] = `/${join(name, file)}`;
  }
  const html = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>`;

  const fileOf = (path: string): string | undefined => {
    const clean = normalize(path);
    if (clean.startsWith("/pages/")) return join(PAGES, clean.slice("/pages/".length));
    const from = packages.find(({ name }) => clean.startsWith(`/${name}/`));
    return from && join(from.folder, clean.slice(from.name.length + 2));
  };

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    if (pathname === "/") {
      response.writeHead(200, { "content-type": "text/html" }).end(html);
      return;
    }
    try {
      const file = fileOf(pathname);
      if (file === undefined) throw new Error("no such package");
      const source = await readFile(file, "utf8");
      const script = file.endsWith(".ts") ? stripTypeScriptTypes(source) : source;
      response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    } catch (error) {
      response.writeHead(404).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
