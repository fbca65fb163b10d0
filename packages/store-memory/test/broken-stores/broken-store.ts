import type { Store } from "@pawl/core/ports";
import type { Memory } from "../memory-under-test.ts";

/** A store with one fault, and the case that was made for it. */
export interface BrokenStore {
  readonly fault: string;
  readonly breaking: (store: Store, memory: Memory) => Store;
  /** Chapters that must notice it, each by at least one case whose title begins so. */
  readonly noticedBy: readonly { readonly chapter: string; readonly case: string }[];
}

type Port = Exclude<keyof Store, "durability" | "open" | "close">;

/** The store with some verbs of one port replaced. */
export function replacing<P extends Port>(store: Store, port: P, verbs: Partial<Store[P]>): Store {
  return { ...store, [port]: { ...store[port], ...verbs } };
}

/** Lets everybody else run: the pause between a check and its write that a store must not have. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
