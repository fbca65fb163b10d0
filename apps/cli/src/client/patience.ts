import { setTimeout as sleep } from "node:timers/promises";
import { cliError } from "../errors.ts";
import { ConnectionLost } from "./http-call.ts";

export interface PatienceOptions {
  /** How long a server may be away, in milliseconds: a restart with a recovering database takes a while. */
  readonly giveUpMs: number;
  /** Told when the server is away, and when it is back. */
  readonly onAway: () => void;
  readonly onBack: () => void;
}

/** How losses of the connection are borne: shared by all that speaks with one server. */
export interface Patience {
  /** Performs again and again until it succeeds, fails otherwise, or the server is away too long. */
  persist<T>(perform: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** The server was heard. */
  heard(): void;
  /** Waits before another attempt. @throws PawlError `server_lost` when it is away too long */
  afterLoss(loss: ConnectionLost, signal?: AbortSignal): Promise<void>;
}

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

export function createPatience({ giveUpMs, onAway, onBack }: PatienceOptions): Patience {
  let awaySince: number | undefined;
  /** One lost connection is no news: only when the next one fails too is the server away. */
  let told = false;
  let delayMs = FIRST_DELAY_MS;

  function heard(): void {
    if (awaySince === undefined) return;
    awaySince = undefined;
    delayMs = FIRST_DELAY_MS;
    if (told) onBack();
    told = false;
  }

  async function afterLoss(loss: ConnectionLost, signal?: AbortSignal): Promise<void> {
    if (awaySince === undefined) awaySince = performance.now();
    else if (!told) {
      told = true;
      onAway();
    }
    if (performance.now() - awaySince > giveUpMs) {
      throw cliError("server_lost", `${loss.message} for ${Math.round(giveUpMs / 1000)} s.`, loss);
    }
    await sleep(delayMs, undefined, signal ? { signal } : {}).catch(() => undefined);
    signal?.throwIfAborted();
    delayMs = Math.min(MAX_DELAY_MS, delayMs * 2);
  }

  return {
    heard,
    afterLoss,
    async persist(perform, signal) {
      for (;;) {
        try {
          const value = await perform();
          heard();
          return value;
        } catch (error) {
          if (!(error instanceof ConnectionLost)) throw error;
          await afterLoss(error, signal);
        }
      }
    },
  };
}
