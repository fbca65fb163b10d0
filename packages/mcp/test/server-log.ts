import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";

/** What the server of a test writes down; each test of the file that calls this has a log of its own. */
export interface ServerLog {
  /** Where the server is to write. */
  readonly file: string;
  /** Those that begin with `word`. */
  lines(word: string): Promise<string[]>;
}

export function serverLog(): ServerLog {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pawl-mcp-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  return {
    get file() {
      return join(folder, "log");
    },
    async lines(word) {
      const text = await readFile(this.file, "utf8").catch(() => "");
      return text.split("\n").filter((line) => line.startsWith(word));
    },
  };
}
