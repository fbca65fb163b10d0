import type { EffectKind } from "@pawl/core";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import { executorUnavailable } from "../errors.ts";

/** Stands where a host has no executor, and says so. */
export function unavailableExecutor<Kind extends EffectKind>(kind: Kind): EffectExecutor<Kind> {
  return () => Promise.reject(executorUnavailable(kind));
}
