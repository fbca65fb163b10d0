import type { Json } from "@pawl/core";
import type { WireTask, WireTaskResult } from "@pawl/http";
import { commandName } from "../command-name.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { showInput } from "../output/describe.ts";
import { oneLine, printable } from "../output/printable.ts";
import { sayError } from "../output/say-error.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface ListTasksOptions extends ClientOptions {
  readonly session?: string;
  readonly all?: true;
}

export async function listTasks({ session, all, ...options }: ListTasksOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const query = { all: all === true, ...(session !== undefined && { session }) };
    const tasks = await client.tasks.list(query);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ tasks })}\n`);
    else process.stdout.write(tasks.length === 0 ? "There are no background tasks.\n" : rows(tasks));
    return EXIT.completed;
  });
}

function rows(tasks: readonly WireTask[]): string {
  const now = Date.now();
  const lines = tasks.map(({ task_id, name, status, sessions, created_at, input }) => [
    task_id,
    name,
    status,
    sessions.join(", "),
    showAge(now - created_at),
    showInput(input as Json),
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["ID", "NAME", "STATUS", "SESSIONS", "SINCE", "INPUT"], lines, style);
}

export async function showTask(id: string, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const task = await client.tasks.show(id);
    clear();
    process.stdout.write(`${JSON.stringify(task, null, options.json ? undefined : 2)}\n`);
    return EXIT.completed;
  });
}

export interface StartTaskOptions extends ClientOptions {
  readonly input?: string;
  readonly session?: string;
}

export async function startTask(name: string, options: StartTaskOptions): Promise<number> {
  return withJson(options, "--input", options.input ?? "{}", async (input, { client, clear }) => {
    const { session } = options;
    const task = await client.tasks.start({ name, input, ...(session !== undefined && { session }) });
    clear();
    const { task_id } = task;
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ type: "task.started", ...task })}\n`
        : `Started ${printable(task_id)}. See how it ends with: ${commandName(process.env)} tasks await ${task_id}\n`,
    );
    return EXIT.completed;
  });
}

export interface SignalTaskOptions extends ClientOptions {
  readonly payload?: string;
}

export async function signalTask(id: string, name: string, options: SignalTaskOptions): Promise<number> {
  return withJson(options, "--payload", options.payload ?? "null", async (payload, { client, clear }) => {
    const { ordinal } = await client.tasks.signal(id, name, payload);
    clear();
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ type: "task.signalled", task_id: id, name, ordinal })}\n`
        : `Signalled: it is number ${ordinal} of this name.\n`,
    );
    return EXIT.completed;
  });
}

export interface CancelTaskOptions extends ClientOptions {
  readonly reason?: string;
}

export async function cancelTask(id: string, { reason, ...options }: CancelTaskOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const task = await client.tasks.cancel(id, reason);
    clear();
    process.stdout.write(
      options.json ? `${JSON.stringify({ type: "task.cancelling", ...task })}\n` : "Asked for its end.\n",
    );
    return EXIT.completed;
  });
}

export interface TransferTasksOptions extends ClientOptions {
  readonly from: string;
  readonly to: string;
}

/** @returns 0 when all of them were moved, 1 when the first session did not see some of them */
export async function transferTasks(
  ids: readonly string[],
  { from, to, ...options }: TransferTasksOptions,
): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const moved = await client.tasks.transfer(ids, { from, to });
    clear();
    const stayed = ids.filter((id) => !moved.includes(id));
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ type: "tasks.transferred", from, to, moved, stayed })}\n`);
    } else {
      const [first, second] = [printable(from), printable(to)];
      for (const id of moved) process.stdout.write(`Session ${second} sees ${printable(id)} now.\n`);
      for (const id of stayed)
        process.stdout.write(`Session ${first} did not see ${printable(id)}; nothing was moved.\n`);
    }
    return stayed.length === 0 ? EXIT.completed : EXIT.failed;
  });
}

/** Takes a session's sight of its background tasks, and tells which go on unseen. */
export async function deleteTaskSession(session: string, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const { revoked, unseen } = await client.tasks.deleteSession(session);
    clear();
    if (options.json) {
      process.stdout.write(
        `${JSON.stringify({ type: "tasks.session_deleted", session, revoked, unseen })}\n`,
      );
    } else if (revoked.length === 0) process.stdout.write("It saw no background tasks.\n");
    else {
      process.stdout.write(`It does not see these any more: ${revoked.map(printable).join(", ")}\n`);
      if (unseen.length > 0)
        process.stdout.write(`No session sees these, and they go on: ${unseen.map(printable).join(", ")}\n`);
    }
    return EXIT.completed;
  });
}

/** @returns 0 when it completed, 130 when it was cancelled, else 1 */
export async function awaitTask(id: string, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const result = await client.tasks.result(id);
    clear();
    process.stdout.write(
      options.json ? `${JSON.stringify({ type: "task.ended", task_id: id, ...result })}\n` : describe(result),
    );
    if (result.status === "completed") return EXIT.completed;
    return result.status === "cancelled" ? EXIT.cancelled : EXIT.failed;
  });
}

function describe(result: WireTaskResult): string {
  switch (result.status) {
    case "completed":
      return `${JSON.stringify(result.output)}\n`;
    case "failed":
      return `It failed (${oneLine(result.code, 100)}): ${oneLine(result.message, 2_000)}\n`;
    case "cancelled":
      return "It was cancelled.\n";
    case "abandoned":
      return `Nobody can say how it ended: ${oneLine(JSON.stringify(result.evidence), 2_000)}\n`;
  }
}

type Perform = (value: Json, opened: Parameters<Parameters<typeof withClient>[1]>[0]) => Promise<number>;

async function withJson(
  options: ClientOptions,
  flag: string,
  text: string,
  perform: Perform,
): Promise<number> {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    const error = cliError(
      "usage",
      `${flag} must be JSON, such as {"by":"ana"}, and text in quotes. ${why}`,
      cause,
    );
    return sayError(error, options.json === true);
  }
  return withClient(options, (opened) => perform(value, opened));
}
