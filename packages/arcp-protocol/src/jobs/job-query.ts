import { parseTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import type { PayloadOf } from "../messages/message.ts";
import type { JobStatus } from "../messages/session-messages.ts";

/** A checked `session.list_jobs`. Times in milliseconds, both bounds exclusive. */
export interface JobQuery {
  status?: readonly JobStatus[];
  /** `name` matches every version of it, `name@version` exactly that one. */
  agent?: string;
  createdAfter?: number;
  createdBefore?: number;
  /** Where the last page ended. */
  after?: JobPosition;
  limit: number;
}

/** The order of a listing: by creation, then by id. */
export interface JobPosition {
  createdAt: number;
  jobId: string;
}

export const DEFAULT_JOB_PAGE = 100;
export const MAX_JOB_PAGE = 1000;

/** Reads the request; throws INVALID_REQUEST for a date, limit or cursor that means nothing. */
export function parseJobQuery(payload: PayloadOf<"session.list_jobs">): JobQuery {
  const filter = payload.filter ?? {};
  return {
    limit: Math.min(payload.limit ?? DEFAULT_JOB_PAGE, MAX_JOB_PAGE),
    ...(filter.status == null || filter.status.length === 0 ? {} : { status: filter.status }),
    ...(filter.agent == null ? {} : { agent: filter.agent }),
    ...(filter.created_after == null ? {} : { createdAfter: time("created_after", filter.created_after) }),
    ...(filter.created_before == null
      ? {}
      : { createdBefore: time("created_before", filter.created_before) }),
    ...(payload.cursor == null ? {} : { after: decodeCursor(payload.cursor) }),
  };
}

export function matchesQuery(
  job: { status: JobStatus; agent: string; createdAt: number; jobId: string },
  query: JobQuery,
): boolean {
  if (query.status !== undefined && !query.status.includes(job.status)) return false;
  if (query.agent !== undefined && !matchesAgent(job.agent, query.agent)) return false;
  if (query.createdAfter !== undefined && job.createdAt <= query.createdAfter) return false;
  if (query.createdBefore !== undefined && job.createdAt >= query.createdBefore) return false;
  return query.after === undefined || comparePositions(job, query.after) > 0;
}

function matchesAgent(agent: string, wanted: string): boolean {
  return agent === wanted || (!wanted.includes("@") && agent.startsWith(`${wanted}@`));
}

export function comparePositions(a: JobPosition, b: JobPosition): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.jobId < b.jobId ? -1 : a.jobId > b.jobId ? 1 : 0;
}

/** One page, in order, and the cursor of the next. The cursor names a position, so new jobs never shift a page. */
export function pageOf<Job extends JobPosition>(
  matching: Job[],
  limit: number,
): { jobs: Job[]; nextCursor: string | null } {
  matching.sort(comparePositions);
  const jobs = matching.slice(0, limit);
  const last = jobs.at(-1);
  const more = matching.length > jobs.length && last !== undefined;
  return { jobs, nextCursor: more ? encodeCursor(last) : null };
}

export function encodeCursor(position: JobPosition): string {
  return `${position.createdAt.toString(36)}.${position.jobId}`;
}

function decodeCursor(cursor: string): JobPosition {
  const dot = cursor.indexOf(".");
  const createdAt = dot > 0 ? Number.parseInt(cursor.slice(0, dot), 36) : Number.NaN;
  const jobId = cursor.slice(dot + 1);
  const position = { createdAt, jobId };
  if (!Number.isSafeInteger(createdAt) || jobId === "" || encodeCursor(position) !== cursor) {
    throw new ArcpError("INVALID_REQUEST", "the cursor is not one of ours; pass next_cursor back unchanged");
  }
  return position;
}

function time(field: string, text: string): number {
  const value = parseTimestamp(text);
  if (value === undefined) {
    throw new ArcpError("INVALID_REQUEST", `filter.${field} is not an ISO 8601 instant with a zone`);
  }
  return value;
}
