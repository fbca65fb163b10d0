import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("./fixtures/listed-server.mjs", import.meta.url));

export interface ListedTool {
  readonly name: string;
  readonly description?: string;
  readonly annotations?: object;
}

/** A real MCP server whose tools a test decides, and changes. `calls` is a file with one line for each call. */
export function listedServer(folder: string) {
  const tools = join(folder, "tools.json");
  const calls = join(folder, "calls.txt");
  return {
    command: `"${process.execPath}" "${SERVER}" "${tools}" "${calls}"`,
    calls,
    offers: (listed: readonly ListedTool[]) =>
      writeFile(
        tools,
        JSON.stringify(listed.map((tool) => ({ inputSchema: { type: "object" }, description: "", ...tool }))),
      ),
  };
}
