import type { Cell } from "../cell.ts";
import { curve } from "../curve.ts";
import { median } from "../statistics.ts";
import { eachMs } from "../stopwatch.ts";
import { PAWL } from "../systems/names.ts";
import { openSystems } from "../systems/open-systems.ts";

const EFFECTS = [10, 100, 1_000];
const CHARACTERS = [1_000, 10_000, 100_000, 1_000_000];
const TURNS = 5;

export const growthTurnsCell: Cell = {
  name: "growth-turns",
  title: "How a turn grows with its effects and with what is said",
  about: `
    Whole turns of a host in a process of its own over PostgreSQL. *An effect* of turns that have 10 to
    1,000 of them, calls of a model and of a tool in turn. *A turn* whose message has 1,000 to 1,000,000
    characters and whose answer says them again. The exponent is the slope over the logarithms of both: 0
    does not grow, 1 grows with the size.
  `,
  notShown: `
    Streamed text, files, and results of tools, which are stored by reference above 256 KiB. A real model's
    context ends long before the longest turn here.
  `,
  maxRounds: 5,
  async open() {
    const systems = await openSystems([PAWL]);
    const { worker } = systems.running.get(PAWL.name)!;
    return {
      subjects: [
        ...curve({
          name: "an effect of one turn",
          of: "effects",
          unit: "ms",
          sizes: EFFECTS,
          sample: async (effects) => (await worker.ask("calls", 1, effects)) / effects,
        }),
        ...curve({
          name: "a turn with a long message",
          of: "characters",
          unit: "ms",
          sizes: CHARACTERS,
          sample: async (characters) =>
            median(await eachMs(TURNS, () => worker.ask("converse", 1, characters))),
        }),
      ],
      close: systems.close,
    };
  },
};
