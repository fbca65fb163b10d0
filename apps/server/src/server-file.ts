import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const schema = z.object({
  url: z.url(),
  pid: z.number().int(),
  /** Random, made at each start: the server at the address must say the same, else it is another one. */
  instance: z.string(),
});

/** What a running server says of itself in its data folder. */
export type ServerFile = z.infer<typeof schema>;

export function serverFile(dataDir: string): string {
  return join(dataDir, "server.json");
}

export async function writeServerFile(dataDir: string, server: ServerFile): Promise<void> {
  const path = serverFile(dataDir);
  await writeFile(`${path}.${server.pid}`, `${JSON.stringify(server)}\n`);
  await rename(`${path}.${server.pid}`, path);
}

/** Removes the file, unless another server has written it since. */
export async function removeServerFile(dataDir: string, instance: string): Promise<void> {
  if ((await readServerFile(dataDir))?.instance === instance) await rm(serverFile(dataDir), { force: true });
}

/**
 * The server that runs on this data folder. A file that a killed server left behind is recognised by asking: whoever
 * answers at its address, if anybody, is not that instance.
 */
export async function findServer(dataDir: string, timeoutMs = 2_000): Promise<ServerFile | undefined> {
  const server = await readServerFile(dataDir);
  if (server === undefined) return undefined;
  try {
    const response = await fetch(new URL("/healthz", server.url), { signal: AbortSignal.timeout(timeoutMs) });
    const health = z.object({ instance: z.string() }).safeParse(await response.json());
    return health.success && health.data.instance === server.instance ? server : undefined;
  } catch {
    return undefined;
  }
}

async function readServerFile(dataDir: string): Promise<ServerFile | undefined> {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(serverFile(dataDir), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
