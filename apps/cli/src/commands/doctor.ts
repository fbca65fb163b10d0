import { isPawlError } from "@pawl/core";
import { onStopSignals } from "@pawl/server";
import { createLogger, examine, type Finding, openAdminStore } from "@pawl/server/runtime";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { createProgress } from "../output/progress.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { examineServer } from "./examine-server.ts";
import { configOf } from "./server-options.ts";
import type { AdminOptions } from "./with-admin-store.ts";

/** Looks at what turns depend on and says what to do. @returns 0 when everything works, also with warnings; else 1 */
export async function doctor(options: AdminOptions): Promise<number> {
  const progress = createProgress(process.stderr);
  const leave = () => process.exit(EXIT.cancelled);
  const signals = onStopSignals(leave, leave);
  const findings = await look(options, progress.set).finally(() => {
    progress.clear();
    signals.off();
  });
  const bad = findings.some(({ status }) => status === "bad");
  if (options.json) process.stdout.write(`${JSON.stringify({ healthy: !bad, findings })}\n`);
  else process.stdout.write(describe(findings));
  return bad ? EXIT.failed : EXIT.completed;
}

/** What keeps it from looking is a finding too. */
async function look(
  { dataDir, server }: AdminOptions,
  progress: (message: string) => void,
): Promise<readonly Finding[]> {
  if (server !== undefined) return examineServer(server, configOf(dataDir === undefined ? {} : { dataDir }));
  let opened: Awaited<ReturnType<typeof openAdminStore>> | undefined;
  try {
    const config = configOf(dataDir === undefined ? {} : { dataDir });
    const logger = createLogger({ level: "silent", stream: process.stderr });
    opened = await openAdminStore(config, { logger, progress });
    return await examine(config, opened);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [{ check: isPawlError(error) ? error.code : "internal_error", status: "bad", message }];
  } finally {
    await opened?.close();
  }
}

function describe(findings: readonly Finding[]): string {
  const style = createStyle(wantsColour(process.stdout, process.env));
  const marks = { ok: style.dim("ok  "), warn: style.accent("warn"), bad: style.bad("bad ") };
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, status, message, advice }) => [
    `${marks[status]}  ${check.padEnd(width)}  ${printable(message)}`,
    ...(advice === undefined ? [] : [`      ${" ".repeat(width)}  ${printable(advice)}`]),
  ]);
  const worst = findings.filter(({ status }) => status !== "ok").length;
  return `${lines.join("\n")}\n${worst === 0 ? "Everything is well." : `${worst} of ${findings.length} need a look.`}\n`;
}
