import { jobIdOf, type Session } from "./conformance-server.ts";
import type { Frame } from "./raw-client.ts";

/** Submits a job and waits for its end. */
export async function run(
  session: Session,
  payload: Record<string, unknown>,
): Promise<{ job: string; end: Frame }> {
  const job = jobIdOf(await session.submit(payload));
  return { job, end: await session.end(job) };
}

/** What the tools of a job answered, as its client was told. */
export function results(session: Session, job: string): Record<string, unknown>[] {
  return session.events(job, "tool_result").map(({ payload }) => payload.body as Record<string, unknown>);
}
