import { expect, vi } from "vitest";
import {
  createDiscoveryCache,
  type Discovery,
  type DiscoveryCacheOptions,
  discoveryKey,
} from "../src/index.ts";
import { manualClock } from "./manual-clock.ts";

export interface Tool {
  readonly name: string;
}

export const HOUR = 3_600_000;
export const key = discoveryKey({ session: "s", server: "docs", configuration: "c" });
export const list = (...names: string[]): Discovery<Tool> => ({ tools: names.map((name) => ({ name })) });
export const names = ({ tools }: { readonly tools: readonly Tool[] }) => tools.map(({ name }) => name);

export function setUp(options: DiscoveryCacheOptions = {}) {
  const clock = manualClock();
  return { clock, cache: createDiscoveryCache<Tool>({ clock, random: () => 0, ...options }) };
}

/** A server whose answers the test gives, one by one. */
export function server() {
  const waiting: { resolve: (value: Discovery<Tool>) => void; reject: (error: Error) => void }[] = [];
  const refresh = vi.fn(
    () => new Promise<Discovery<Tool>>((resolve, reject) => void waiting.push({ resolve, reject })),
  );
  const next = async () => {
    await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(0), { timeout: 10_000 });
    return waiting.shift()!;
  };
  return {
    refresh,
    answers: async (value: Discovery<Tool>) => (await next()).resolve(value),
    fails: async (message: string) => (await next()).reject(new Error(message)),
  };
}
