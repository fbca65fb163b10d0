import { Option } from "commander";
import type { RunOptions } from "../commands/run.ts";
import type { SubmitOptions } from "../commands/submit.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { collect, type SetExitCode } from "./shared-options.ts";

/** `chat` and `submit`: a turn that is talked with, and one that is left alone. */
export function addTalking(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("chat")
    .description("Talk in one session; lines while a turn runs are steered into it")
    .option("--session <id>", "go on in this session, or begin it under this name")
    .option("--mcp <command>", "attach an MCP server, by command or address; repeatable", collect)
    .option("--agent <name>", "agent of pawl.config.ts, or name@version; the first when absent")
    .option("--model <name>", "model, such as openai/<id> or anthropic/<id>")
    .option(
      "--ask <tool>",
      "calls of this tool need an approval, which is asked for here; repeatable",
      collect,
    )
    .withLimits()
    .onServer()
    .addHelpText(
      "after",
      `
Enter sends. Ctrl-C cancels the turn, a second one leaves; Ctrl-D leaves when it has ended.
From a pipe each line is a turn of its own.

Examples:
  pawl chat
  pawl chat --session trip --ask book_ticket
  printf 'hello\\nand now?\\n' | pawl chat --json`,
    )
    .action(async (options: RunOptions) => {
      const { chat } = await import("../commands/chat.ts");
      setExitCode(await chat(options));
    });
  program
    .command("submit")
    .description("Hand in an input and leave; the server drives it")
    .argument("<prompt...>", "what to do; - reads it from stdin")
    .option("--session <id>", "the session; a new one when absent")
    .option("--agent <name>", "agent of pawl.config.ts, or name@version; the first when absent")
    .option("--model <name>", "model, such as openai/<id> or anthropic/<id>")
    .option("--ask <tool>", "calls of this tool need somebody's approval; repeatable", collect)
    .withLimits()
    .addOption(
      new Option(
        "--delivery <how>",
        "a turn of its own, into the running turn, or ending a wait as well",
      ).choices(["next", "steer", "interrupt"]),
    )
    .option("--key <key>", "idempotency key within the session: the same again is the same input")
    .option("--at <time>", "not before this time, such as 2027-01-31T09:00:00Z")
    .onServer()
    .addHelpText(
      "after",
      `
Examples:
  pawl submit "Summarise yesterday's orders" --session orders --key 2027-01-31
  pawl submit --session trip --delivery steer "Take the night train"`,
    )
    .action(async (words: string[], options: SubmitOptions) => {
      const { submit } = await import("../commands/submit.ts");
      setExitCode(await submit(words.join(" "), options));
    });
}
