import type { DrainNodeOptions, ListNodesOptions } from "../commands/nodes.ts";
import type { ClientOptions } from "../commands/with-client.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { listLimit, type SetExitCode, seconds } from "./shared-options.ts";

const ID = "node_0a37bbd7a23b472089f2f1e81873ddaf";

/** The processes that drive sessions. */
export function addNodes(program: PawlCommand, setExitCode: SetExitCode): void {
  const nodes = program
    .command("nodes")
    .description("See the processes that drive turns; pause, resume and drain them")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
Without a command it lists them.

Examples:
  pawl nodes
  pawl nodes drain ${ID}`,
    );
  const command = (name: string, description: string, example: string, isDefault = false) =>
    nodes
      .command(name, { isDefault })
      .description(description)
      .onServer()
      .addHelpText("after", `\nExamples:\n  pawl nodes ${example}`);

  command("list", "List nodes that live", "list --all --json", true)
    .option("--all", "also those that are gone")
    .addOption(listLimit())
    .action(async (options: ListNodesOptions) => {
      const { listNodes } = await import("../commands/nodes.ts");
      setExitCode(await listNodes(options));
    });

  for (const verb of ["pause", "resume"] as const) {
    const description =
      verb === "pause"
        ? "Let a node begin with nothing more, until it is resumed or started anew; others take what comes"
        : "Let a paused node go on";
    command(verb, description, `${verb} ${ID}`)
      .argument("<node>", "the node's name")
      .action(async (id: string, options: ClientOptions) => {
        const { setNodePaused } = await import("../commands/nodes.ts");
        setExitCode(await setNodePaused(id, verb === "pause", options));
      });
  }

  command("drain", "Pause a node and wait until it drives nothing: before a deploy, say", `drain ${ID}`)
    .argument("<node>", "the node's name")
    .option("--timeout <seconds>", "how long to wait", seconds, 60)
    .addHelpText(
      "after",
      "\nExit codes:\n  0  it drives nothing\n  1  it still does after the time; it is paused all the same",
    )
    .action(async (id: string, options: DrainNodeOptions) => {
      const { drainNode } = await import("../commands/nodes.ts");
      setExitCode(await drainNode(id, options));
    });
}
