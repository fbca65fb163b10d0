import { expect, test } from "vitest";
import { ArcpError } from "../../src/errors.ts";
import { MemoryRuntime } from "../support/memory-runtime.ts";

const ECHO = { agent: "echo", input: "hi" };

/** Lets so many submissions of each principal in. */
function runtimeFor(most: number, answer: "now" | "later") {
  const asked: string[] = [];
  const runtime = new MemoryRuntime({
    admit(principal) {
      asked.push(principal);
      if (asked.filter((one) => one === principal).length <= most)
        return answer === "now" ? undefined : Promise.resolve();
      const refusal = new ArcpError("INTERNAL_ERROR", "too many", { details: { retry_after_ms: 5 } });
      if (answer === "now") throw refusal;
      return Promise.reject(refusal);
    },
  });
  return { runtime, asked };
}

test.each(["now", "later"] as const)("a runtime that is asked %s lets in what it says", async (answer) => {
  const { runtime, asked } = runtimeFor(2, answer);
  const ada = await runtime.connect();
  for (let n = 0; n < 2; n++) await (await ada.submit(ECHO)).done;
  await expect(ada.submit(ECHO)).rejects.toMatchObject({
    wireCode: "INTERNAL_ERROR",
    retryable: true,
    details: { retry_after_ms: 5 },
  });
  const bob = await runtime.connect({ token: "bob" });
  expect(await (await bob.submit(ECHO)).done).toMatchObject({ status: "success" });
  expect(asked).toEqual(["ada", "ada", "ada", "bob"]);
  await Promise.all([ada.close(), bob.close()]);
  await runtime.server.close();
});

test("a repetition is asked about, too: it is as much work to refuse as to answer", async () => {
  const { runtime, asked } = runtimeFor(1, "later");
  const ada = await runtime.connect();
  const again = { ...ECHO, idempotencyKey: "k" };
  await (await ada.submit(again)).done;
  await expect(ada.submit(again)).rejects.toMatchObject({ wireCode: "INTERNAL_ERROR" });
  expect(asked).toHaveLength(2);
  await ada.close();
  await runtime.server.close();
});
