import { type BatchObservableCallback, type Meter, metrics } from "@opentelemetry/api";
import type { Host } from "@pawl/host";

/**
 * Reports how many sessions wait for a node, and how long the oldest of them has: `pawl.queue.depth` and `pawl.queue.oldest_age`. Of several
 * nodes of a store each reports the same, so take the maximum. @returns ends it
 */
export function observeBacklog(
  host: Pick<Host, "backlog">,
  meter: Meter = metrics.getMeter("@pawl/otel"),
): () => void {
  const depth = meter.createObservableGauge("pawl.queue.depth", {
    description: "Sessions that could be driven and wait for a node",
    unit: "{session}",
  });
  const oldestAge = meter.createObservableGauge("pawl.queue.oldest_age", {
    description: "How long the oldest of them has waited",
    unit: "s",
  });
  const observe: BatchObservableCallback = async (result) => {
    const { ready, oldestAgeMs } = await host.backlog();
    result.observe(depth, ready);
    result.observe(oldestAge, (oldestAgeMs ?? 0) / 1000);
  };
  meter.addBatchObservableCallback(observe, [depth, oldestAge]);
  return () => meter.removeBatchObservableCallback(observe, [depth, oldestAge]);
}
