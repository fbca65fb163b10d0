import { describe, expect, test } from "vitest";
import {
  callId,
  type EffectCommand,
  mustMatch,
  type ProcessEffectCommand,
  type ProcessRegistration,
  processId,
} from "../../src/index.ts";

const wait = { type: "custom", key: "k" } as const;
/** Each command, and how it may be edited without breaking a turn in flight. */
const EDITS: [EffectCommand, Partial<EffectCommand>][] = [
  [
    { kind: "model_call", iteration: 1, upTo: 2, toolChoice: "none", note: "Answer now." },
    { note: "edited" },
  ],
  [
    {
      kind: "direct_model_call",
      label: "title",
      request: { instructions: "a", messages: [], tools: [], toolChoice: "auto" },
    },
    { request: { instructions: "edited", messages: [], tools: [], toolChoice: "auto" } },
  ],
  [{ kind: "await_event", wait, reason: { type: "custom", text: "why" }, deadline: 5 }, { deadline: 6 }],
  [
    { kind: "await_event", wait, reason: { type: "custom", text: "why" } },
    { reason: { type: "custom", text: "edited" } },
  ],
  [startOf({}), startOf({ signals: [{ name: "rate", schema: { type: "number", description: "per s" } }] })],
];

/** Each command, and an edit after which it is another effect (lessons: what must match and what is only recorded). */
/** The start of a background task. */
function startOf(more: Partial<ProcessRegistration>): ProcessEffectCommand {
  const signals = [{ name: "rate", schema: { type: "number" } }];
  const registration: ProcessRegistration = {
    processId: processId("p1"),
    name: "import",
    input: 1,
    disposition: "rerunnable",
    signals,
    wake: null,
    ...more,
  };
  return { kind: "process", command: { operation: "start", registration, grantTo: [] } };
}

const BREAKS: [EffectCommand, Partial<EffectCommand>][] = [
  [{ kind: "model_call", iteration: 1, upTo: 2, toolChoice: "auto" }, { upTo: 3 }],
  [{ kind: "model_call", iteration: 1, upTo: 2, toolChoice: "auto" }, { toolChoice: "none" }],
  [
    { kind: "tool_call", callId: callId("c"), name: "t", input: 1, attempt: 0, idempotencyKey: "k" },
    { input: 2 },
  ],
  [
    { kind: "tool_call", callId: callId("c"), name: "t", input: 1, attempt: 0, idempotencyKey: "k" },
    { name: "u" },
  ],
  [{ kind: "exec_code", language: "js", code: "1" }, { code: "2" }],
  [{ kind: "checkpoint", checkpoint: "after_work" }, { checkpoint: "before_completion" }],
  [{ kind: "sleep", dueAt: 1 }, { dueAt: 2 }],
  [
    { kind: "await_event", wait, reason: { type: "custom", text: "why" } },
    { wait: { type: "custom", key: "other" } },
  ],
  [{ kind: "durable_step", stepId: "s", input: 1 }, { input: 2 }],
  [startOf({}), startOf({ input: 2 })],
  [startOf({}), startOf({ disposition: "owner_bound" })],
  [
    { kind: "process", command: { operation: "await", processId: processId("p1") } },
    { command: { operation: "await", processId: processId("p2") } } satisfies Partial<ProcessEffectCommand>,
  ],
];

describe("the fields of a command that must be equal at replay", () => {
  test.each(EDITS)("%j may be edited", (command, edit) => {
    expect(mustMatch({ ...command, ...edit } as EffectCommand)).toEqual(mustMatch(command));
  });

  test.each(BREAKS)("%j is another effect with %j", (command, edit) => {
    expect(mustMatch({ ...command, ...edit } as EffectCommand)).not.toEqual(mustMatch(command));
  });
});
