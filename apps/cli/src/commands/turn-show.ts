import type { WireEffect, WireTurn } from "@pawl/http";
import { commandName } from "../command-name.ts";
import { EXIT } from "../exit-codes.ts";
import { showCost, showInput } from "../output/describe.ts";
import { printable } from "../output/printable.ts";
import { createStyle, type Style, wantsColour } from "../output/style.ts";
import { table } from "../output/table.ts";
import { whatHelps } from "../output/what-helps.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface TurnShowOptions extends ClientOptions {
  readonly why?: true;
}

/** How a turn stands and what it did; with `why` only why it is not moving, and the command that helps. */
export async function turnShow(turnId: string, { why, ...options }: TurnShowOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const turn = await client.explain(turnId);
    const effects = why ? [] : await client.reads.effects(turnId);
    clear();
    const helps = whatHelps(turn).map((command) => `${commandName(process.env)} ${command}`);
    if (options.json) {
      const shown = { ...turn, helps, ...(!why && { effects }) };
      process.stdout.write(`${JSON.stringify(shown)}\n`);
    } else {
      const style = createStyle(wantsColour(process.stdout, process.env));
      process.stdout.write(`${describe(turn, helps, style)}${why ? "" : describeEffects(effects, style)}`);
    }
    return EXIT.completed;
  });
}

function describe(turn: WireTurn, helps: readonly string[], style: Style): string {
  const lines = [`${style.bold(turn.state)}: ${printable(turn.why)}`];
  if (turn.advice !== undefined) lines.push(printable(turn.advice));
  for (const command of helps) lines.push(`  ${style.accent(command)}`);
  if (turn.result?.status === "completed") lines.push(printable(turn.result.text).trimEnd());
  return `${lines.join("\n")}\n`;
}

function describeEffects(effects: readonly WireEffect[], style: Style): string {
  if (effects.length === 0) return "It has not begun.\n";
  const rows = effects.map(({ effect_id, attempts, outcome, code, cost_nano_usd, tool, input }) => [
    effect_id,
    String(attempts),
    code === undefined ? outcome : `${outcome} (${code})`,
    cost_nano_usd === undefined ? "" : showCost(cost_nano_usd),
    tool === undefined ? "" : `${tool} ${showInput(input ?? null)}`,
  ]);
  return table(["EFFECT", "ATTEMPTS", "OUTCOME", "COST", "CALL"], rows, style);
}
