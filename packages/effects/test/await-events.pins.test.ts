// The key format of version 1. These texts are out in mails and chats: a change here makes them worthless. Made with Python's hashlib
// and hmac, so that they do not depend on this code.
import {
  awaitEventKeyId,
  type ExecutionScope,
  loadJsonDigest,
  promiseKey,
  type WaitIdentity,
} from "@pawl/core";
import { createAwaitEvents, formatKey, type KeyBinding, parseKey, parseKeyring } from "@pawl/effects";
import { memoryStore } from "@pawl/store-memory";
import { manualClock } from "@pawl/testing";
import { describe, expect, test } from "vitest";

const SECRET = "k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

const VECTORS: readonly {
  readonly scope: ExecutionScope;
  readonly wait: WaitIdentity;
  readonly binding?: KeyBinding;
  readonly keyId: string;
  readonly text: string;
}[] = [
  {
    scope: { sessionId: "s1", turnId: "turn_1", type: "turn" },
    wait: { callId: "c1", type: "tool_completion" },
    keyId: "2c5b3119d77d0341fede2f272f5491b0f18df7dbdd78e8b602550989d5fb5421",
    text: "pwk1.eyJrZXlJZCI6IjJjNWIzMTE5ZDc3ZDAzNDFmZWRlMmYyNzJmNTQ5MWIwZjE4ZGY3ZGJkZDc4ZThiNjAyNTUwOTg5ZDVmYjU0MjEiLCJzY29wZSI6eyJzZXNzaW9uSWQiOiJzMSIsInR1cm5JZCI6InR1cm5fMSIsInR5cGUiOiJ0dXJuIn0sInNlY3JldElkIjoiazEiLCJ3YWl0Ijp7ImNhbGxJZCI6ImMxIiwidHlwZSI6InRvb2xfY29tcGxldGlvbiJ9fQ.NngPJe7GYVtq4WoqEXCqlKvJ_TbfCZbAvUbRfhtB3DY",
  },
  {
    scope: { processId: "p1", type: "process" },
    wait: { ordinal: 1, processId: "p1", signal: "go", type: "process_signal" },
    binding: { expiresAt: 1767225600000 },
    keyId: "f1db471f965e6ba12a1ab474e9481956c2ea98a22b3a5963090b86d26bcccab1",
    text: "pwk1.eyJleHBpcmVzQXQiOjE3NjcyMjU2MDAwMDAsImtleUlkIjoiZjFkYjQ3MWY5NjVlNmJhMTJhMWFiNDc0ZTk0ODE5NTZjMmVhOThhMjJiM2E1OTYzMDkwYjg2ZDI2YmNjY2FiMSIsInNjb3BlIjp7InByb2Nlc3NJZCI6InAxIiwidHlwZSI6InByb2Nlc3MifSwic2VjcmV0SWQiOiJrMSIsIndhaXQiOnsib3JkaW5hbCI6MSwicHJvY2Vzc0lkIjoicDEiLCJzaWduYWwiOiJnbyIsInR5cGUiOiJwcm9jZXNzX3NpZ25hbCJ9fQ.xSp6aCpadZAunM0lvBWtq2Bb0YidPf7WXvioKPe-7HY",
  },
  {
    scope: { sessionId: "sé🐢", turnId: "t", type: "turn" },
    wait: { key: "approval:0/tool_call/0:0", type: "custom" },
    binding: { audience: "ana", subject: { argumentHash: "ab", policyHash: "cd", tool: "refund" } },
    keyId: "7cb9825d9dbfd16d72bcab541be877e84776ba1f2532dddacd91d72962933f4d",
    text: "pwk1.eyJhdWRpZW5jZSI6ImFuYSIsImtleUlkIjoiN2NiOTgyNWQ5ZGJmZDE2ZDcyYmNhYjU0MWJlODc3ZTg0Nzc2YmExZjI1MzJkZGRhY2Q5MWQ3Mjk2MjkzM2Y0ZCIsInNjb3BlIjp7InNlc3Npb25JZCI6InPDqfCfkKIiLCJ0dXJuSWQiOiJ0IiwidHlwZSI6InR1cm4ifSwic2VjcmV0SWQiOiJrMSIsInN1YmplY3QiOnsiYXJndW1lbnRIYXNoIjoiYWIiLCJwb2xpY3lIYXNoIjoiY2QiLCJ0b29sIjoicmVmdW5kIn0sIndhaXQiOnsia2V5IjoiYXBwcm92YWw6MC90b29sX2NhbGwvMDowIiwidHlwZSI6ImN1c3RvbSJ9fQ.Hmkh2XvVgWYmgm3kzjI6DHm4y5jxjyFpDcilEHq50wM",
  },
  {
    scope: { sessionId: "s1", type: "session_delete" },
    wait: { type: "cancel_gate" },
    keyId: "446741f2f4e6e8fb21a934be278aaf863b243ad64108e1827eb619f208adb450",
    text: "pwk1.eyJrZXlJZCI6IjQ0Njc0MWYyZjRlNmU4ZmIyMWE5MzRiZTI3OGFhZjg2M2IyNDNhZDY0MTA4ZTE4MjdlYjYxOWYyMDhhZGI0NTAiLCJzY29wZSI6eyJzZXNzaW9uSWQiOiJzMSIsInR5cGUiOiJzZXNzaW9uX2RlbGV0ZSJ9LCJzZWNyZXRJZCI6ImsxIiwid2FpdCI6eyJ0eXBlIjoiY2FuY2VsX2dhdGUifX0.jqaLuAdOu6GjDaMGmjbzKuHZwitJ7WXAo8LrlJVtjEk",
  },
  {
    scope: { operationId: "o", type: "runtime_operation" },
    wait: { type: "turn_terminal" },
    keyId: "15b5c6e18b3377cdcd97c89f2580b9836efd236fa4eff59b442f302670b485a2",
    text: "pwk1.eyJrZXlJZCI6IjE1YjVjNmUxOGIzMzc3Y2RjZDk3Yzg5ZjI1ODBiOTgzNmVmZDIzNmZhNGVmZjU5YjQ0MmYzMDI2NzBiNDg1YTIiLCJzY29wZSI6eyJvcGVyYXRpb25JZCI6Im8iLCJ0eXBlIjoicnVudGltZV9vcGVyYXRpb24ifSwic2VjcmV0SWQiOiJrMSIsIndhaXQiOnsidHlwZSI6InR1cm5fdGVybWluYWwifX0.6Pz10OwVkociUI3ZWmSCY8IrPtHRmoI4iDhiJr5bOnk",
  },
];

describe("keys of version 1", () => {
  test.each(VECTORS)("$wait.type in $scope.type", async ({ scope, wait, binding, keyId, text }) => {
    const { awaits: rows } = memoryStore();
    const awaits = await createAwaitEvents({ rows, keyring: parseKeyring(SECRET), clock: manualClock() });
    expect(awaitEventKeyId(scope, wait, await loadJsonDigest())).toBe(keyId);
    expect(awaits.keyIdOf(scope, wait)).toBe(keyId);
    const key = await awaits.key(scope, wait, binding);
    expect(formatKey(key)).toBe(text);
    expect(parseKey(text)).toEqual(key);
    expect(awaits.verify(parseKey(text)!)).toBe(true);
    expect(text).toMatch(/^[A-Za-z0-9._-]+$/);
  });

  test("the name of a promise", () => {
    expect(promiseKey("2c5b")).toBe("pawl-await-event:2c5b");
  });
});
