import type { Clock } from "@pawl/core/ports";

/** Resolves at `at` (milliseconds since the epoch), unless it is cancelled before; then never. */
export function deadline(
  clock: Clock,
  at: number,
): { readonly passed: Promise<"passed">; readonly cancel: () => void } {
  let cancel = () => {};
  const passed = new Promise<"passed">((resolve) => {
    cancel = clock.at(at, () => resolve("passed"));
  });
  return { passed, cancel };
}
