import { pathToFileURL } from "node:url";
import { startAskedProcess } from "../asked-process.ts";
import { programFile } from "../program-file.ts";
import type { Place, System } from "./system.ts";

type Answer<Method extends keyof System> = Awaited<ReturnType<NonNullable<System[Method]>>>;

/** A system in a process of its own, so that the garbage and the polls of one are not in the figures of another. */
export interface SystemProcess {
  readonly pid: number;
  /** One question at a time. @throws Error with the system's own words */
  ask<Method extends keyof System>(
    method: Method,
    ...args: Parameters<NonNullable<System[Method]>>
  ): Promise<Answer<Method>>;
  /** Resident bytes, as the process itself is told them. */
  residentBytes(): Promise<number>;
  /** Ends it as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** @param module a file in this folder, without its ending. @throws Error with the system's own words when it does not start */
export async function startSystem(module: string, place: Place): Promise<SystemProcess> {
  const { href } = pathToFileURL(programFile(`systems/${module}`));
  const { pid, ask, kill, close } = await startAskedProcess(
    programFile("systems/system-process"),
    [href, place.url, place.folder, place.role],
    { RESTATE_LOGGING: "ERROR" },
  );
  return {
    pid,
    ask: (async (method: string, ...args: readonly unknown[]) => ask(method, args)) as SystemProcess["ask"],
    residentBytes: async () => Number(await ask("residentBytes", [])),
    kill,
    close,
  };
}
