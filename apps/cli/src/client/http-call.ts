import { PawlError } from "@pawl/core";
import { z } from "zod";
import { cliError } from "../errors.ts";

/** Where the server is and what it is shown; read anew for each attempt, because a server may come back elsewhere. */
export interface ServerAddress {
  readonly url: string;
  readonly token: string;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** Without a leading slash, so that a server below a path works. */
  readonly path: string;
  readonly body?: unknown;
  /** In place of a body of JSON. */
  readonly file?: { readonly data: Uint8Array<ArrayBuffer>; readonly mediaType: string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The server did not answer, or somebody before it did: the same again may work. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const PASSING: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * One request. @throws ConnectionLost; PawlError with the server's own code and message; the signal's reason when it aborts
 */
export async function callServer(address: ServerAddress, request: HttpRequest): Promise<Response> {
  const { method, path, body, file, headers, signal } = request;
  let response: Response;
  try {
    response = await fetch(new URL(path, address.url.replace(/\/*$/, "/")), {
      method,
      headers: {
        ...headers,
        authorization: `Bearer ${address.token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(file !== undefined && { "content-type": file.mediaType }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(file !== undefined && { body: file.data }),
      ...(signal !== undefined && { signal }),
      redirect: "error",
    });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new ConnectionLost(`No answer from ${address.url}`, { cause });
  }
  if (response.ok) return response;
  const told = errorSchema.safeParse(await response.json().catch(() => undefined));
  if (PASSING.has(response.status)) throw new ConnectionLost(`${address.url} answers ${response.status}`);
  if (response.status === 401) {
    throw new PawlError(
      "unauthorized",
      `The server at ${address.url} does not accept this token. Set PAWL_TOKEN to the one that it was started with, or name its data folder with --data-dir.`,
    );
  }
  if (told.success) throw new PawlError(told.data.error.code, told.data.error.message);
  throw cliError(
    "answer_invalid",
    `What answers at ${address.url} is not a Pawl server (status ${response.status}). Check --server.`,
  );
}

/** The body, checked. */
export async function readAnswer<Schema extends z.ZodType>(
  response: Response,
  schema: Schema,
): Promise<z.output<Schema>> {
  const body: unknown = await response.json().catch((cause: unknown) => {
    throw new ConnectionLost("The answer was cut off", { cause });
  });
  const checked = schema.safeParse(body);
  if (checked.success) return checked.data;
  throw cliError(
    "answer_invalid",
    `The server answers in a way that this pawl does not understand. Use the same version on both sides. ${z.prettifyError(checked.error).slice(0, 300)}`,
  );
}
