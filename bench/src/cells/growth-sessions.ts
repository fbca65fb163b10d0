import type { Cell } from "../cell.ts";
import { curve } from "../curve.ts";
import { PAWL } from "../systems/names.ts";
import { openSystems } from "../systems/open-systems.ts";

const SIZES = [1, 10, 100, 1_000, 10_000];

export const growthSessionsCell: Cell = {
  name: "growth-sessions",
  title: "How a turn grows with the sessions that ask at once",
  about: `
    1 to 10,000 sessions of one host, each with one input that is sent at once with
    all the others, whose turns make one call of a model: the time until the last has its result, for each
    of them. The host drives 32 at once. The exponent is the slope over the logarithms of both: below 0 is a
    gain from doing things together.
  `,
  notShown: `
    How long one of them waits, which is what those before it take. Several hosts.
  `,
  maxRounds: 3,
  async open() {
    const systems = await openSystems([PAWL]);
    const { worker } = systems.running.get(PAWL.name)!;
    return {
      subjects: curve({
        name: "a turn",
        of: "sessions",
        unit: "ms",
        sizes: SIZES,
        sample: async (sessions) => (await worker.ask("calls", sessions, 0)) / sessions,
      }),
      close: systems.close,
    };
  },
};
