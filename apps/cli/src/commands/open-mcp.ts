import { createMcpTools, type McpTools } from "@pawl/mcp";
import { onStopSignals } from "@pawl/server";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";

/** Servers of this command line alone: their processes end with `perform`, and with Ctrl-C. */
export async function withMcp<T>(perform: (tools: McpTools, signal: AbortSignal) => Promise<T>): Promise<T> {
  const tools = createMcpTools({ inline: true });
  const stopped = new AbortController();
  const signals = onStopSignals(
    () => stopped.abort(cliError("interrupted", "Interrupted.")),
    () => process.exit(EXIT.cancelled),
  );
  try {
    return await perform(tools, stopped.signal);
  } finally {
    await tools.close();
    signals.off();
  }
}
