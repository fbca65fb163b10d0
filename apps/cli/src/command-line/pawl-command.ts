import { Command } from "commander";
import { dataDir, json, noServer, server } from "./shared-options.ts";

/** A command, with the options that commands share said in one word. */
export class PawlCommand extends Command {
  override createCommand(name?: string): PawlCommand {
    return new PawlCommand(name);
  }

  /** It asks a server, and works on the database itself where none runs. */
  onServer(): this {
    return this.addOption(json()).addOption(server()).addOption(dataDir());
  }

  /** It works on the database, also beside a server that runs on it. */
  onDatabase(): this {
    return this.addOption(json()).addOption(noServer()).addOption(dataDir());
  }
}
