import { expect, test } from "vitest";
import { connect } from "../src/client/index.ts";
import { jobIdOf, openSession, sharedServer } from "./support/conformance-server.ts";

const { url } = await sharedServer();

test("raw echo", async () => {
  const session = await openSession(url);
  const accepted = await session.submit({ agent: "echo", input: { a: 1 } });
  const end = await session.end(jobIdOf(accepted));
  console.log(JSON.stringify(session.client.received, null, 1));
  expect(end.payload.result).toEqual({ echo: { a: 1 }, version: "2.0.0" });
});

test("client echo", async () => {
  const client = await connect({ url, token: "token-ada" });
  const job = await client.submit({ agent: "counter", input: { n: 3 } });
  const seen = [];
  for await (const event of job.events) seen.push(event);
  expect(seen).toHaveLength(3);
  expect(await job.done).toMatchObject({ status: "success", result: { count: 3 } });
  const chunked = await client.submit({ agent: "chunker", input: { chunks: 3, size: 2 } });
  expect(await chunked.done).toMatchObject({ status: "success", result: "aabbcc", resultSize: 6 });
  await client.close();
});
