import { Option } from "commander";
import { addApprovals } from "./command-line/approvals.ts";
import { addDeadLetters } from "./command-line/dead-letters.ts";
import { addJobs } from "./command-line/jobs.ts";
import { addKeys } from "./command-line/keys.ts";
import { addLookingBack } from "./command-line/looking-back.ts";
import { addMcp } from "./command-line/mcp.ts";
import { addMigrate } from "./command-line/migrate.ts";
import { nameConfigFile } from "./command-line/named-config-file.ts";
import { addNodes } from "./command-line/nodes.ts";
import { addOperating } from "./command-line/operating.ts";
import { PawlCommand } from "./command-line/pawl-command.ts";
import { addReads } from "./command-line/reads.ts";
import { addRetention } from "./command-line/retention.ts";
import { collect, dataDir, type SetExitCode, seconds, server } from "./command-line/shared-options.ts";
import { addTalking } from "./command-line/talking.ts";
import { addTasks } from "./command-line/tasks.ts";
import { addTokens } from "./command-line/tokens.ts";
import { addWaits } from "./command-line/waits.ts";
import type { CancelOptions } from "./commands/cancel.ts";
import type { RunOptions } from "./commands/run.ts";
import type { ServeOptions } from "./commands/serve.ts";
import type { ServerOptions } from "./commands/server-options.ts";
import { version } from "./version.ts";

const EXIT_CODES = `
Exit codes:
  0    the turn completed
  1    it failed, or the command could not do its work
  2    wrong arguments or configuration
  3    the turn waits for somebody, or is blocked
  130  it was cancelled`;

/**
 * The command line. Only this file and commander are loaded for help; each command brings its own parts when it runs.
 */
export function createProgram(setExitCode: SetExitCode): PawlCommand {
  const program = new PawlCommand("pawl")
    .description("Durable agents: a turn goes on where it was, whatever happens to the process.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help for a command")
    .option(
      "--config <file>",
      "your agents, tools, store and model (PAWL_CONFIG, default pawl.config.ts here or above)",
      (path: string) => {
        nameConfigFile(path);
        return path;
      },
    )
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .showHelpAfterError("(pawl --help shows how; pawl <command> --help shows each command)")
    .exitOverride()
    // As every other error: who says it, what is wrong, and the code.
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: (.*)/, "pawl: $1 (usage)")),
    })
    .addHelpText(
      "after",
      `
Examples:
  pawl serve                           start the server, with a PostgreSQL of its own
  pawl run "What is a pawl?"           run one durable turn and show what happens
  pawl run --session s1 "And then?"    go on in a session
  pawl config                          show the configuration in force
  pawl run --config my.config.ts "Hi"  use the agents and tools of that file
${EXIT_CODES}`,
    );

  addServe(program, setExitCode);
  addRun(program, setExitCode);
  addTalking(program, setExitCode);
  addWatch(program, setExitCode);
  addCancel(program, setExitCode);
  addReads(program, setExitCode);
  addLookingBack(program, setExitCode);
  addWaits(program, setExitCode);
  addRetention(program, setExitCode);
  addDeadLetters(program, setExitCode);
  addApprovals(program, setExitCode);
  addTasks(program, setExitCode);
  addJobs(program, setExitCode);
  addMcp(program, setExitCode);
  addMigrate(program, setExitCode);
  addTokens(program, setExitCode);
  addKeys(program, setExitCode);
  addNodes(program, setExitCode);
  addOperating(program, setExitCode);
  addConfig(program, setExitCode);
  return program;
}

function addServe(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("serve")
    .description("Start the server; SIGINT or SIGTERM stops it")
    .option("--port <number>", "port to listen on; 0 takes a free one (PAWL_PORT, default 4380)")
    .option("--host <address>", "address to listen on (PAWL_HOST, default 127.0.0.1)")
    .addOption(dataDir())
    .option("--model <name>", "default model, such as openai/<id> (PAWL_MODEL)")
    .option("--principal <name=token>", "let somebody in by a token, for tests only; repeatable", collect)
    .option("--log-level <level>", "debug, info, warn, error or silent (PAWL_LOG_LEVEL, default info)")
    .option("--log-format <format>", "json or pretty (PAWL_LOG_FORMAT, default pretty on a terminal)")
    .option("--conformance", "host the agents that ARCP conformance checks talk to")
    .option("--stdio", "speak ARCP over stdin and stdout with whoever started it, and open no port")
    .addHelpText(
      "after",
      `
Without DATABASE_URL it starts a real PostgreSQL in the data folder.
When it can take turns it prints one line to stdout. Logs go to stderr.

Examples:
  pawl serve
  pawl serve --port 0 --data-dir /var/lib/my-agents
  DATABASE_URL=postgres://user:password@db:5432/agents pawl serve --host 0.0.0.0`,
    )
    .action(async (options: ServeOptions) => {
      const { serve } = await import("./commands/serve.ts");
      setExitCode(await serve(options));
    });
}

function addRun(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("run")
    .description("Run one durable turn and show what happens")
    .argument("<prompt...>", "what to do; - reads it from stdin")
    .option("--session <id>", "go on in this session, or begin it under this name")
    .option("--mcp <command>", "attach an MCP server, by command or address; repeatable", collect)
    .option("--agent <name>", "agent of pawl.config.ts, or name@version; the first when absent")
    .option("--model <name>", "model for this turn, such as openai/<id> or anthropic/<id>")
    .option("--attach <file>", "send this file with the prompt; repeatable", collect)
    .option("--output-schema <file>", "the answer is JSON that fits the JSON Schema in this file")
    .option("--ask <tool>", "calls of this tool need somebody's approval; repeatable", collect)
    .withLimits()
    .option("--timeout <seconds>", "cancel the turn after this time", seconds)
    .addOption(new Option("--json", "print one JSON object a line, the last one turn.finished"))
    .addOption(new Option("-q, --quiet", "print the answer only").conflicts("json"))
    .addOption(server())
    .addOption(dataDir())
    .addHelpText(
      "after",
      `
The turn runs on the server of the data folder when one runs, else in this process on the same database.
Ctrl-C cancels the turn; a second one leaves at once.

Examples:
  pawl run "call echo with message=hello" --mcp "npx -y @modelcontextprotocol/server-everything"
  pawl run --session trip "Find a train to Oslo"
  pawl run --attach receipt.png --output-schema receipt.schema.json "What did I buy?"
  pawl run --model anthropic/claude-sonnet-4-5 --json "Summarise this folder" \\
    --mcp "npx -y @modelcontextprotocol/server-filesystem ."
  pawl run --max-tokens 20000 --on-budget wait "Read all of it"
  cat question.txt | pawl run --quiet - > answer.txt
${EXIT_CODES}`,
    )
    .action(async (words: string[], options: RunOptions) => {
      const { run } = await import("./commands/run.ts");
      setExitCode(await run(words.join(" "), options));
    });
}

function addWatch(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("watch")
    .description(
      "Show a turn from its beginning, and go on with it until it ends or waits; or a session, until you leave",
    )
    .argument("<turn|job|session>", "the id of a turn, of a job, or of a session")
    .addOption(new Option("--json", "print one JSON object a line, the last one turn.finished"))
    .addOption(new Option("-q, --quiet", "print the answer only").conflicts("json"))
    .addOption(server())
    .addOption(dataDir())
    .addHelpText(
      "after",
      `
Watching changes nothing: Ctrl-C leaves, and the turn goes on where a server runs. When the connection is lost it resumes by itself.
Ids that begin with turn_ are turns and those with job_ jobs; everything else is a session.

Examples:
  pawl watch trip
  pawl watch turn_0a37bbd7a23b472089f2f1e81873ddaf
  pawl watch --json turn_0a37bbd7a23b472089f2f1e81873ddaf | tail -1
${EXIT_CODES}`,
    )
    .action(async (turn: string, options: RunOptions) => {
      const { watch } = await import("./commands/watch.ts");
      setExitCode(await watch(turn, options));
    });
}

function addCancel(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("cancel")
    .description("Ask for the end of a turn or a job, also of one that waits or that nobody drives")
    .argument("<turn|job>", "the id of the turn or the job")
    .option("--reason <text>", "recorded with it")
    .onServer()
    .addHelpText(
      "after",
      `
What a tool has done is not undone. A turn that has ended stays as it is.

Examples:
  pawl cancel turn_0a37bbd7a23b472089f2f1e81873ddaf
  pawl cancel --reason "asked twice" turn_0a37bbd7a23b472089f2f1e81873ddaf`,
    )
    .action(async (turn: string, options: CancelOptions) => {
      const { cancel } = await import("./commands/cancel.ts");
      setExitCode(await cancel(turn, options));
    });
}

function addConfig(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("config")
    .description("Show the configuration in force, with secrets hidden")
    .onDatabase()
    .addHelpText(
      "after",
      `
Each line is a variable of the environment, its value and where that comes from; then what the configuration
file brings. The file is a program: it is run to be shown.

Examples:
  pawl config
  PAWL_PORT=8080 pawl config --json
  pawl config --config ./pawl.config.ts`,
    )
    .action(async (options: ServerOptions & { json?: true; server?: string }) => {
      const { config } = await import("./commands/config.ts");
      setExitCode(await config(options));
    });
}
