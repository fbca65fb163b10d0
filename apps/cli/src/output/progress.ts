export interface Progress {
  /** What takes time now; it is shown when it takes longer than a moment. */
  readonly set: (message: string) => void;
  /** Takes the line away, before something else is written. */
  readonly clear: () => void;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shorter waits would only flicker. */
const MOMENT_MS = 250;
const FRAME_MS = 120;
const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const ERASE = "\r\u001b[2K";

/** One line at the bottom of a terminal. Where there is no terminal, nothing. */
export function createProgress(screen: Screen): Progress {
  if (screen.isTTY !== true) return { set: () => undefined, clear: () => undefined };
  let message = "";
  let since = 0;
  let frame = 0;
  let shown = false;
  let timer: NodeJS.Timeout | undefined;

  const draw = () => {
    const elapsed = performance.now() - since;
    if (elapsed < MOMENT_MS) return;
    const seconds = elapsed >= 2_000 ? ` ${Math.floor(elapsed / 1000)} s` : "";
    const line = `${FRAMES[frame++ % FRAMES.length]} ${message}${seconds}`;
    screen.write(`${ERASE}${line.slice(0, (screen.columns || 80) - 1)}`);
    shown = true;
  };
  return {
    set(text) {
      if (text !== message || timer === undefined) since = performance.now();
      message = text;
      timer ??= setInterval(draw, FRAME_MS).unref();
    },
    clear() {
      clearInterval(timer);
      timer = undefined;
      if (shown) screen.write(ERASE);
      shown = false;
    },
  };
}
