import type { WireWait } from "@pawl/http";
import { EXIT } from "../exit-codes.ts";
import { showReason } from "../output/describe.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import type { ListOptions } from "./sessions.ts";
import { withClient } from "./with-client.ts";

export interface WaitsOptions extends ListOptions {
  readonly session?: string;
}

export async function listWaits({ limit, session, ...options }: WaitsOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const waits = await client.waits.list({ limit, ...(session !== undefined && { sessionId: session }) });
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ waits })}\n`);
    else process.stdout.write(waits.length === 0 ? "Nothing waits.\n" : describe(waits));
    return EXIT.completed;
  });
}

function describe(waits: readonly WireWait[]): string {
  const now = Date.now();
  const rows = waits.map((wait) => [
    wait.id,
    wait.session_id ?? "",
    showAge(now - wait.created_at),
    wait.due_at === null ? "never" : new Date(wait.due_at).toISOString(),
    showReason(wait),
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["ID", "SESSION", "SINCE", "ENDS", "WHAT IT WAITS FOR"], rows, style);
}
