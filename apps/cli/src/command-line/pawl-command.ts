import { Command, Option } from "commander";
import { dataDir, dollars, json, noServer, seconds, server, wholeNumber } from "./shared-options.ts";

/** A command, with the options that commands share said in one word. */
export class PawlCommand extends Command {
  override createCommand(name?: string): PawlCommand {
    return new PawlCommand(name);
  }

  /** It asks a server, and works on the database itself where none runs. */
  onServer(): this {
    return this.addOption(json()).addOption(server()).addOption(dataDir());
  }

  /** It begins turns, which may be bounded more tightly than their agent is. */
  withLimits(): this {
    return this.option("--max-tokens <number>", "so many tokens in all", wholeNumber(1, 1e12))
      .option("--max-usd <amount>", "so many US dollars, where the model's price is known", dollars)
      .option("--max-iterations <number>", "so many model calls that may use tools", wholeNumber(1, 1e6))
      .option("--max-seconds <seconds>", "so long at work; time spent waiting does not count", seconds)
      .addOption(
        new Option(
          "--on-budget <what>",
          "when tokens or dollars are used up: answer with what there is, or wait for `pawl grant`",
        ).choices(["last_answer", "wait"]),
      );
  }

  /** It works on the database, also beside a server that runs on it. */
  onDatabase(): this {
    return this.addOption(json()).addOption(noServer()).addOption(dataDir());
  }
}
