import { startAskedProcess } from "./asked-process.ts";
import { endsWithCell } from "./ends-with-cell.ts";
import type { OtherEnd } from "./other-end.ts";
import { programFile } from "./program-file.ts";

/** @throws Error with the program's own words when it does not start */
export async function startOtherEnd(url: string): Promise<OtherEnd> {
  const { ask, close } = await startAskedProcess(programFile("other-end"), [url]);
  const began = async (method: keyof OtherEnd, ...args: readonly string[]) => Number(await ask(method, args));
  return {
    notify: () => began("notify"),
    send: (session, text) => began("send", session, text),
    shown: async (session) => String(await ask("shown", [session])),
    approve: (waitId) => began("approve", waitId),
    resolve: (turn) => began("resolve", turn),
    close: endsWithCell(close),
  };
}
