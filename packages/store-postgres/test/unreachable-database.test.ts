import { describe, expect, test, vi } from "vitest";
import { claimOne, deltaRow, openStore, openTurn } from "./harness.ts";
import { lossyDatabase } from "./lossy-database.ts";

const at = lossyDatabase();

describe("while the database cannot be reached", () => {
  test("an append waits for it, and goes on when it is back", async () => {
    const open = await openTurn(at.store);
    at.proxy.cut();
    const appended = at.store.log.append(open.fence, [deltaRow(open.turn, 2)]);
    setTimeout(() => at.proxy.heal(), 200);
    await appended;
    expect(await at.store.log.read(open.session)).toHaveLength(2);
  });

  test("in the end each verb says so, and what is in doubt is settled before the session is left (G6)", async () => {
    const hasty = await openStore(at.proxy.url, { patienceMs: 300 });
    const open = await openTurn(hasty);
    await hasty.log.append(open.fence, [deltaRow(open.turn, 2)]);
    // The row lands, its answer is lost, and nobody can be asked.
    const before = at.proxy.lost;
    at.proxy.loseAnswerTo("pawl_append_next_row_");
    const appending = hasty.log.append(open.fence, [deltaRow(open.turn, 3)]).catch((error) => error);
    await vi.waitFor(() => expect(at.proxy.lost).toBe(before + 1), { interval: 1 });
    at.proxy.cut();
    expect(await appending).toMatchObject({ code: "store_write_failed", details: { outcome: "unknown" } });
    await expect(hasty.sessions.load(open.session)).rejects.toMatchObject({ code: "store_unreachable" });
    await expect(hasty.leases.release(open.fence, { type: "idle" })).rejects.toMatchObject({
      code: "store_write_failed",
    });
    at.proxy.heal();
    expect(await hasty.leases.release(open.fence, { type: "retry", delayMs: 0 })).toBe(true);
    expect(await claimOne(at.store, open.node, open.session)).toMatchObject({ logHead: 3 });
    await hasty.close();
  });
});
