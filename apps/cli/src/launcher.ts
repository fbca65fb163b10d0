import { execFileSync } from "node:child_process";

const LOOK_MS = 500;
/** Programs that stand between a person and a script of a package. */
const LAUNCHERS =
  /^(?:\S*\/)?(?:npm|npx|pnpm|yarn|bun|bunx|corepack)(?:\s|$)|\b(?:npm|npx|pnpm|yarn)(?:-cli)?(?:\.c?js|\.mjs)?\b/;

/**
 * A package manager that is killed does not always pass that on: `npx` ends and leaves the script running. Whoever started
 * the server through one and sees it end believes that the server ended too, so it does.
 */
export function watchLauncher(
  env: Readonly<Record<string, string | undefined>>,
  gone: () => void,
): { off(): void } {
  const pids =
    env.npm_lifecycle_event === undefined || process.platform === "win32" ? [] : launchers(process.ppid);
  if (pids.length === 0) return { off: () => undefined };
  const timer = setInterval(() => {
    if (pids.every(isAlive)) return;
    clearInterval(timer);
    gone();
  }, LOOK_MS);
  timer.unref();
  return { off: () => clearInterval(timer) };
}

/** The package managers among the ancestors of this process, up to the first process that is neither one nor their shell. */
function launchers(parent: number): readonly number[] {
  const found: number[] = [];
  for (let pid = parent, steps = 0; pid > 1 && steps < 12; steps++) {
    const process_ = describe(pid);
    if (process_ === undefined) break;
    if (LAUNCHERS.test(process_.command)) found.push(pid);
    else if (!/^(?:\S*\/)?(?:sh|bash|dash|zsh)\s+-c\b/.test(process_.command)) break;
    pid = process_.parent;
  }
  return found;
}

function describe(pid: number): { readonly parent: number; readonly command: string } | undefined {
  try {
    const text = execFileSync("ps", ["-o", "ppid=,args=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [, parent, command] = /^\s*(\d+)\s+(.*)/.exec(text) ?? [];
    return parent === undefined ? undefined : { parent: Number(parent), command: command ?? "" };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
