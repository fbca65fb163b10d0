import { once } from "node:events";
import { createServer } from "node:net";
import { isPawlError } from "@pawl/core";
import { serverError, systemCode } from "./errors.ts";

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\]|::ffff:127(?:\.\d{1,3}){3})$/i.test(host);
}

/** Where a server that listens on `host` is reached from this machine. */
export function urlOfListener(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host;
  return `http://${reachable.includes(":") && !reachable.startsWith("[") ? `[${reachable}]` : reachable}:${port}`;
}

/** Learns before anything is started whether one can listen there. @throws PawlError `port_taken`, `address_unusable` */
export async function checkPort(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
    server.close();
    await once(server, "close");
  } catch (error) {
    throw listenError(host, port, error);
  }
}

/** The sentence for a listener that could not listen. */
export function listenError(host: string, port: number, error: unknown): Error {
  if (isPawlError(error)) return error;
  const code = systemCode(error);
  if (code === "EADDRINUSE") {
    return serverError(
      "port_taken",
      `Port ${port} on ${host} is taken by another program. Choose another with --port or PAWL_PORT (0 takes any free one).`,
      error,
    );
  }
  if (code === "EACCES") {
    return serverError(
      "address_unusable",
      `This user may not listen on port ${port}. Choose one above 1023 with --port or PAWL_PORT.`,
      error,
    );
  }
  return serverError(
    "address_unusable",
    `Nothing can listen on ${host} here (${code || String(error)}). Choose an address of this machine with --host or PAWL_HOST, such as 127.0.0.1.`,
    error,
  );
}
