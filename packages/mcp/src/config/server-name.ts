import { createHash } from "node:crypto";

// Programs whose first plain argument is the package, image or script that is the server.
const RUNNERS = new Set([
  "npx",
  "bunx",
  "pnpx",
  "uvx",
  "pipx",
  "npm",
  "pnpm",
  "yarn",
  "bun",
  "deno",
  "node",
  "tsx",
  "python",
  "python3",
  "uv",
  "docker",
  "podman",
  "sh",
  "bash",
]);
const RUNNER_VERBS = new Set(["exec", "dlx", "run", "x", "tool"]);

/**
 * The name under which a server's tools are qualified: `[a-z0-9_-]`, without `__` and without `_` at its ends, so that
 * the first `__` of `server__tool` is always the border between the two.
 */
export function sanitizeServerName(text: string): string {
  const name = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "_")
    .replace(/_{2,}/g, "_")
    .replace(/^[_-]+|[_-]+$/g, "")
    .slice(0, 32)
    .replace(/[_-]+$/, "");
  return name === "" ? `mcp_${createHash("sha256").update(text).digest("hex").slice(0, 6)}` : name;
}

/** A name for a server that was given as a command: `npx -y @scope/server-files@1 /tmp` → `files`. */
export function nameOfCommand(command: string, args: readonly string[]): string {
  const program = lastSegment(command).replace(/\.(?:exe|cmd|bat)$/i, "");
  if (!RUNNERS.has(program)) return bareName(program);
  const subject = args.find((arg) => !arg.startsWith("-") && !RUNNER_VERBS.has(arg));
  return bareName(subject === undefined ? program : subject);
}

/** A name for a server that was given as an address: its host, without what every host has. */
export function nameOfUrl(url: URL): string {
  const labels = url.hostname
    .replace(/^\[|\]$/g, "")
    .split(".")
    .filter((label) => !["www", "mcp", "api"].includes(label));
  const host = /^[\d.]+$|:/.test(url.hostname)
    ? url.host
    : (labels.length > 1 ? labels.slice(0, -1) : labels).join("_");
  return sanitizeServerName(host === "" ? url.hostname : host);
}

// What every project calls some file or folder of its own.
const SAYS_NOTHING = /^(?:index|main|server|cli|app|start|run|dist|build|src|lib|bin|out|mcp)$/i;

function bareName(subject: string): string {
  const segments = subject.split(/[\\/]/).filter(Boolean);
  const names = segments.map((segment) =>
    segment.replace(/(.)[@:][^@:]*$/, "$1").replace(/\.[a-z]{1,4}$/i, ""),
  );
  const telling = names.findLast((name) => !SAYS_NOTHING.test(name)) ?? names.at(-1) ?? subject;
  const base = telling
    .replace(/^(?:mcp-server|server-mcp|server|mcp)[-_]/i, "")
    .replace(/[-_](?:mcp-server|mcp|server)$/i, "");
  return sanitizeServerName(base);
}

function lastSegment(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
}
