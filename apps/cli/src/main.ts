import { CommanderError } from "commander";
import { EXIT } from "./exit-codes.ts";
import { createProgram } from "./program.ts";

/** Runs one command line to its end and leaves its exit code in the process. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that went away (`| head`) is no reason to end what runs: its turn would stand still.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreBrokenPipe);
  try {
    await createProgram((code) => {
      process.exitCode = code;
    }).parseAsync(argv as string[]);
  } catch (error) {
    // commander has said what is wrong; help and version end this way too, with 0.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT.completed : EXIT.usage;
    if (error.exitCode !== 0 && argv.includes("--json")) {
      const message = error.message.replace(/^error: /, "");
      process.stdout.write(`${JSON.stringify({ type: "error", code: "usage", message })}\n`);
    }
  }
  // Everything is closed by now; a handle that somebody forgot must not keep the shell waiting.
  setTimeout(() => process.exit(), 2_000).unref();
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
