import { foldTurn } from "@pawl/effects/turn-driver";
import type { Cell } from "../cell.ts";
import { machine, recordTurn, rowsOf } from "../recorded-turn.ts";
import { msPerUnit } from "../stopwatch.ts";

/** Three an iteration (the checkpoint, the model's call, the tool's), and the last answer. */
const ITERATIONS = 333;

export const replayCell: Cell = {
  name: "replay",
  title: "Replaying a turn",
  about: `
    Folding the rows of a turn of 1,000 effects, which is what recovery does first. The floor is reading the
    same rows as JSON: whatever replays a log pays that at least.
  `,
  notShown: `
    The reading from a database, nor opening tools again. Outcomes are small here; large ones cost the floor
    more than the fold, which does not copy them.
  `,
  async open({ sampleMs }) {
    const rows = rowsOf(recordTurn({ iterations: ITERATIONS }));
    const effects = rows.length - 1;
    const text = JSON.stringify(rows);
    const floor = `JSON.parse of the same ${effects} effects`;
    const measure = (work: () => unknown) => () => {
      const once = () => {
        work();
        return 1;
      };
      return msPerUnit(once, sampleMs, "wall");
    };
    return {
      subjects: [
        { name: floor, unit: "ms", sample: measure(() => JSON.parse(text)) },
        {
          name: `foldTurn over ${effects} effects`,
          unit: "ms",
          floor,
          target: { of: "value", atMost: 50 },
          sample: measure(() => foldTurn(machine, rows)),
        },
      ],
    };
  },
};
