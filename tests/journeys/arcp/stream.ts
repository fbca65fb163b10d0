import type { Frame } from "./raw-client.ts";

export function seqs(frames: readonly Frame[]): readonly (number | undefined)[] {
  return frames.map(({ event_seq }) => event_seq);
}

export function upTo(last: number): readonly number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}

/** What a counter has told of its counting. */
export function ticks(frames: readonly Frame[], job: string): readonly number[] {
  return frames
    .filter(({ job_id, payload }) => job_id === job && payload.kind === "progress")
    .map(({ payload }) => payload.body.current);
}
