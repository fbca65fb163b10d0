import { attachmentRef, loadBytesDigest, MAX_ATTACHMENT_BYTES } from "@pawl/core";
import { chapter } from "../store-case.ts";

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/** Every byte there is, many times: nothing may be cut at a zero or read as text. */
function allBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
}

export const attachmentsChapter = chapter("Attachments", (add) => {
  add("S1 S9 content comes back as it was given, under the hash of its bytes", async (t) => {
    const { attachments } = t.store;
    const bytes = allBytes(70_000);
    const digest = await loadBytesDigest();
    const put = await attachments.put(bytes, "application/octet-stream");
    t.expect(put).toEqual({ ref: attachmentRef(bytes, digest), bytes: 70_000 });
    const got = await attachments.get(put.ref);
    t.expect(got?.mediaType).toBe("application/octet-stream");
    t.expect(got?.bytes).toBe(70_000);
    t.expect(got && digest(got.content)).toBe(digest(bytes));
  });

  add("text is stored as UTF-8, also what no text column takes, and empty content is content", async (t) => {
    const { attachments } = t.store;
    const { ref, bytes } = await attachments.put("Grüße \u0000 😀", "text/plain");
    t.expect(bytes).toBe(14);
    t.expect(text((await attachments.get(ref))?.content)).toBe("Grüße \u0000 😀");
    const none = await attachments.put("", "text/plain");
    t.expect(none.ref).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    t.expect((await attachments.get(none.ref))?.bytes).toBe(0);
  });

  add("S2 what was never put here is absent", async (t) => {
    t.expect(await t.store.attachments.get(`sha256:${"0".repeat(64)}`)).toBe(null);
    t.expect(await t.store.attachments.get("nonsense")).toBe(null);
  });

  add(
    "S3 S17 the same content is stored once, whoever brings it, and its first media type stays",
    async (t) => {
      const second = await t.second();
      const refs = await Promise.all(
        Array.from({ length: 8 }, (_, i) => (i % 2 ? second : t.store).attachments.put("same", "text/plain")),
      );
      t.expect(new Set(refs.map(({ ref }) => ref)).size).toBe(1);
      await second.attachments.put("same", "text/html");
      const ref = refs[0]?.ref ?? "";
      t.expect((await t.store.attachments.get(ref))?.mediaType).toBe("text/plain");
    },
  );

  add(
    "S6 what is changed afterwards, by whoever brought or got it, changes nothing that is stored",
    async (t) => {
      const { attachments } = t.store;
      const mine = new TextEncoder().encode("mine");
      const { ref } = await attachments.put(mine, "text/plain");
      mine.fill(0);
      (await attachments.get(ref))?.content.fill(0);
      t.expect(text((await attachments.get(ref))?.content)).toBe("mine");
    },
  );

  add("S21 ten megabytes are kept whole", async (t) => {
    const { attachments } = t.store;
    const large = allBytes(10 * 1024 * 1024);
    const { ref } = await attachments.put(large, "application/octet-stream");
    const digest = await loadBytesDigest();
    const got = await attachments.get(ref);
    t.expect(got && digest(got.content)).toBe(digest(large));
  });

  add("S10 what is too large, and a media type that cannot be stored, are refused", async (t) => {
    const { attachments } = t.store;
    await t.refused(attachments.put(new Uint8Array(MAX_ATTACHMENT_BYTES + 1), "a/b"), "not_storable");
    await t.refused(attachments.put("x", "a/\u0000"), "not_storable");
    const { ref } = await attachments.put("x", "a/b");
    t.expect((await attachments.get(ref))?.mediaType).toBe("a/b");
  });
});
