import type { Cell } from "../cell.ts";
import { allocatedBytes } from "../collect-garbage.ts";
import { recordTurn, rowsOf, stepThrough } from "../recorded-turn.ts";
import { msPerUnit } from "../stopwatch.ts";

export const machineCell: Cell = {
  name: "machine",
  title: "The turn machine",
  about: `
    The turn machine alone, on one core: a turn of 20 messages over and over, and whether a step costs more
    with a longer history or a longer turn. Bytes are those that a step leaves for the collector and those of the
    row that holds its input, on average over the turn. The floor is what those rows cost to parse, which comes before a step in every
    replay.
  `,
  notShown: `
    What a turn costs: no effect is performed, nothing is stored, no request of a model is built. A
    session's history is a count to the machine, so that the figure for 10,000 messages shows that this
    stays so, not what sending them to a model costs. The steps of 1,000 iterations are an average over the
    turn.
  `,
  async open({ sampleMs }) {
    const twenty = recordTurn({ iterations: 9 });
    const perSecond = (of: "wall" | "cpu") => 1_000 / msPerUnit(() => stepThrough(twenty), sampleMs, of);
    const lines = rowsOf(twenty).map((row) => JSON.stringify(row));
    const parse = () => {
      for (const line of lines) JSON.parse(line);
      return lines.length;
    };
    const floor = "rows of those steps, JSON.parse";
    const nsPerStep = (inputs: ReturnType<typeof recordTurn>) => () =>
      1e6 * msPerUnit(() => stepThrough(inputs), sampleMs, "cpu");
    const shortHistory = "step, 10 messages before";
    const shortTurn = "step, turn of 10 iterations";
    const unit = "ns CPU";
    return {
      subjects: [
        { name: floor, unit: "/s CPU", sample: () => 1_000 / msPerUnit(parse, sampleMs, "cpu") },
        {
          name: "steps, turn of 20 messages",
          unit: "/s CPU",
          floor,
          target: { of: "value", atLeast: 500_000 },
          sample: () => perSecond("cpu"),
        },
        { name: "steps, by the wall clock", unit: "/s", sample: () => perSecond("wall") },
        { name: shortHistory, unit, sample: nsPerStep(recordTurn({ iterations: 9, history: 10 })) },
        {
          name: "step, 10,000 messages before",
          unit,
          floor: shortHistory,
          sample: nsPerStep(recordTurn({ iterations: 9, history: 10_000 })),
        },
        { name: shortTurn, unit, sample: nsPerStep(recordTurn({ iterations: 10 })) },
        {
          name: "step, turn of 1,000 iterations",
          unit,
          floor: shortTurn,
          sample: nsPerStep(recordTurn({ iterations: 1_000 })),
        },
        {
          name: "allocated by a step",
          unit: "bytes",
          sample: () => allocatedBytes(() => stepThrough(twenty)) / twenty.length,
        },
        {
          name: "a step's row in the log, as JSON",
          unit: "bytes",
          sample: () => JSON.stringify(rowsOf(twenty)).length / twenty.length,
        },
      ],
    };
  },
};
