import { backgroundTask } from "pawl";
import { z } from "zod";

/** Reads, waits for a person's word, writes. After a crash it goes on: what a step recorded is not done again. */
export const importRows = backgroundTask({
  name: "import-rows",
  input: z.object({ file: z.string() }),
  signals: { approve: z.object({ by: z.string() }) },
  async run({ file }, { step, progress, signals }) {
    const rows = await step("read", () => source.read(file));
    await progress({ read: rows.length });
    const { by } = await signals.next("approve");
    const written = await step("write", () => target.write(rows));
    return { written, approvedBy: by };
  },
});

// What your own code would call.
const source = {
  async read(file: string) {
    console.log(`reading ${file}`);
    return ["a", "b", "c"];
  },
};
const target = {
  async write(rows: readonly string[]) {
    console.log("writing");
    return rows.length;
  },
};
