// Files that people send: stored by content, referred to in messages, and read by the model at the call.
import { MAX_ATTACHMENT_BYTES } from "@pawl/core";
import type { Model, Store } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { testHost } from "./test-host.ts";

function hostWith(model: Model, store: Store<never> = memoryStore()): Host {
  return testHost({ store, model });
}

const PNG = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);

/** A model that tells what it was given to read. */
function reader() {
  const read: { mediaType: string; bytes: number[] }[] = [];
  const inner = scriptedModel(["seen", "seen", "seen"]);
  const model: Model = {
    id: "reader",
    async call(request, context) {
      for (const { parts } of request.messages) {
        for (const part of parts) {
          if (part.type !== "image" && part.type !== "file") continue;
          const stored = await context.readAttachment?.(part.ref);
          read.push({ mediaType: part.mediaType, bytes: [...(stored?.content ?? [])] });
        }
      }
      return inner.call(request, context);
    },
  };
  return { model, read, inner };
}

describe("a file that is sent", () => {
  it("is stored by its content and referred to: the log and the transcript have no bytes of it", async () => {
    const { model, read } = reader();
    const store = memoryStore();
    const host = hostWith(model, store);
    const turn = await host.session("s1").send([
      { type: "text", text: "What is this?" },
      { type: "image", mediaType: "image/png", data: PNG, name: "cat.png" },
      { type: "file", mediaType: "text/plain", data: new Blob(["hello"]) },
    ]);
    expect(await turn.result()).toMatchObject({ status: "completed" });
    const [message] = await host.session("s1").transcript();
    expect(message?.parts).toEqual([
      { type: "text", text: "What is this?" },
      {
        type: "image",
        mediaType: "image/png",
        bytes: 8,
        name: "cat.png",
        ref: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      },
      { type: "file", mediaType: "text/plain", bytes: 5, ref: expect.stringMatching(/^sha256:/) },
    ]);
    expect(read).toEqual([
      { mediaType: "image/png", bytes: [...PNG] },
      { mediaType: "text/plain", bytes: [...new TextEncoder().encode("hello")] },
    ]);
    expect(await turn.replay()).toMatchObject({ identical: true });
  });

  it("is sent once: the same content again, or its reference, is the same attachment", async () => {
    const { model } = reader();
    const host = hostWith(model);
    const part = { type: "image", mediaType: "image/png", data: PNG } as const;
    const first = await host.session("s1").send([part], { idempotencyKey: "k" });
    const again = await host.session("s1").send([part], { idempotencyKey: "k" });
    expect(again.id).toBe(first.id);
    await first.result();
    const [said] = (await host.session("s1").transcript())[0]?.parts ?? [];
    if (said?.type !== "image") throw new Error("An image was sent.");
    const second = await host.session("s2").send([{ ...said, bytes: 1 }]);
    expect(await second.result()).toMatchObject({ status: "completed" });
    // What it says of its size is looked up, and not believed.
    expect((await host.session("s2").transcript())[0]?.parts).toEqual([said]);
  });

  it("is refused when it is too large, unknown or has no media type, and nothing is stored", async () => {
    const host = hostWith(reader().model);
    const send = (part: object) => host.session("s1").send([part as never]);
    const large = { size: MAX_ATTACHMENT_BYTES + 1, arrayBuffer: async () => new ArrayBuffer(0) };
    await expect(send({ type: "file", mediaType: "text/plain", data: large })).rejects.toMatchObject({
      code: "attachment_too_large",
    });
    const ref = `sha256:${"0".repeat(64)}`;
    await expect(send({ type: "file", mediaType: "text/plain", ref, bytes: 1 })).rejects.toMatchObject({
      code: "attachment_unknown",
    });
    await expect(send({ type: "file", mediaType: "png", data: PNG })).rejects.toMatchObject({
      code: "attachment_invalid",
    });
    expect(await host.session("s1").record()).toBeNull();
  });

  it("is had from the sessions that refer to it, and from no other", async () => {
    const host = hostWith(reader().model);
    const session = host.session("s1");
    const part = await session.attach({ type: "image", mediaType: "image/png", data: PNG });
    expect(await session.attachment(part.ref)).toBeNull();
    await (await session.send([part])).result();
    expect((await session.attachment(part.ref))?.content).toEqual(PNG);
    expect(await host.session("s2").attachment(part.ref)).toBeNull();
  });
});
