import { expect, test } from "vitest";
import {
  batchWithout,
  fallsWith,
  type JobBatch,
  jobId,
  jobSessionId,
  oneChangeAJob,
} from "../../src/index.ts";

const [A, B, C, D] = ["a", "b", "c", "d"].map(jobSessionId) as [never, never, never, never];
const J = jobId("j");
const points = (sessionId: never, owner: never) => ({ sessionId, seq: 1, jobId: J, jobSeq: 1, owner });

const batch: JobBatch = {
  epochs: [A, B, C, D].map((sessionId) => ({ sessionId, epoch: 1 })),
  events: [{ jobId: J, sessionId: A, seq: 1, body: null }],
  // In an order in which one look over them is not enough.
  deliveries: [points(C, B), points(B, A), points(D, D)],
  changes: [{ jobId: J, sessionId: B, status: "x" }],
};

test("a stream that points to what is not written falls too, and so do those that point into it", () => {
  expect(fallsWith(batch, new Set([A]))).toEqual(new Set([A, B, C]));
  expect(fallsWith(batch, new Set([D]))).toEqual(new Set([D]));
  expect(fallsWith(batch, new Set())).toEqual(new Set());
});

test("what is left of a batch names nobody who fell", () => {
  expect(batchWithout(batch, fallsWith(batch, new Set([A])))).toEqual({
    epochs: [{ sessionId: D, epoch: 1 }],
    events: [],
    deliveries: [points(D, D)],
    changes: [],
  });
});

test("changes of one job become one: later members win, and the version that was asked for first counts", () => {
  const change = { jobId: J, sessionId: A } as const;
  const other = { jobId: jobId("k"), sessionId: A } as const;
  expect(
    oneChangeAJob([
      { ...change, version: 3, status: "running", document: { a: 1, b: 1 } },
      { ...other, live: false },
      { ...change, version: 4, live: false, document: { b: 2 } },
    ]),
  ).toEqual([
    { ...change, version: 3, status: "running", live: false, document: { a: 1, b: 2 } },
    { ...other, live: false },
  ]);
});
