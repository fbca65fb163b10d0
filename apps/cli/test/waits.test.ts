import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createReceiptKey, createReceiptSigner } from "@pawl/effects/await-events";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { listedServer } from "./listed-server.ts";
import { jsonLines, makeFolder, pawl, type Server, startPawl, startServer } from "./pawl-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server | undefined;
let tools: ReturnType<typeof listedServer>;
const here = () => ["--data-dir", join(folder.path, "data")];
const calls = () => readFileSync(tools.calls, "utf8").split("\n").filter(Boolean);
beforeAll(async () => {
  folder = await makeFolder();
  await mkdir(join(folder.path, "tools"));
  tools = listedServer(join(folder.path, "tools"));
  await tools.offers([{ name: "send" }, { name: "hang" }]);
  await writeFile(tools.calls, "");
  server = await startServer(join(folder.path, "data"));
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await folder.remove();
});

/** A turn that waits until its call of `send` is approved. */
async function asked(prompt = "call send with cents=100") {
  const args = ["run", ...here(), "--json", "--mcp", tools.command, "--ask", "send", prompt];
  const ended = await pawl(args);
  const lines = jsonLines(ended.stdout);
  const approval = String(lines.find(({ type }) => type === "approval.pending")?.approval_id);
  return { ...ended, lines, approval, turnId: String(lines.at(-1)?.turn_id) };
}

async function endOf(turnId: string) {
  const watched = await pawl(["watch", turnId, ...here(), "--json"]);
  return jsonLines(watched.stdout);
}

describe("approvals", { timeout: 60_000 }, () => {
  it("end a run with what is to be approved, and nothing was called", async () => {
    const { code, lines, approval, turnId } = await asked();
    expect(code).toBe(3);
    expect(lines.slice(-2)).toMatchObject([
      { type: "approval.pending", turn_id: turnId, tool: "send", input: { cents: 100 } },
      { type: "turn.finished", turn_id: turnId, outcome: "waiting" },
    ]);
    expect(calls()).toEqual([]);
    const why = JSON.parse((await pawl(["turn", "show", turnId, "--why", "--json", ...here()])).stdout);
    expect(why).toMatchObject({ state: "waiting" });
    expect(why.helps[0]).toBe(`pawl approvals show ${approval}`);

    const listed = JSON.parse((await pawl(["approvals", "list", "--json", ...here()])).stdout);
    expect(listed.approvals).toMatchObject([{ approval_id: approval, turn_id: turnId, tool: "send" }]);
    const text = await pawl(["approvals", "list", ...here()]);
    expect(text.stdout).toContain('send {"cents":100} needs somebody\'s approval');
    const shown = JSON.parse((await pawl(["approvals", "show", approval, ...here()])).stdout);
    expect(shown).toMatchObject({ approval_id: approval, input: { cents: 100 }, expires_at: null });

    const approved = await pawl(["approvals", "approve", approval, "--json", ...here()]);
    expect(approved.code).toBe(0);
    expect(JSON.parse(approved.stdout)).toMatchObject({
      type: "approval.decided",
      status: "approved",
      replayed: false,
      turn_id: turnId,
    });
    expect((await endOf(turnId)).at(-1)).toMatchObject({ outcome: "completed" });
    expect(calls()).toEqual(['send {"cents":100}']);

    const again = await pawl(["approvals", "approve", approval, ...here()]);
    expect([again.code, again.stdout]).toMatchObject([0, expect.stringContaining("it had been before")]);
    const late = await pawl(["approvals", "deny", approval, "--json", ...here()]);
    expect(late.code).toBe(1);
    expect(JSON.parse(late.stdout)).toMatchObject({ type: "error", code: "approval_conflict" });

    const receipt = join(folder.path, "receipt.json");
    await writeFile(receipt, (await pawl(["approvals", "receipt", approval, ...here()])).stdout);
    const key = (await pawl(["approvals", "key", ...here()])).stdout.trim();
    const checked = await pawl(["approvals", "verify", receipt, "--key", key]);
    expect([checked.code, checked.stdout]).toMatchObject([0, expect.stringContaining('send {"cents":100}')]);
    const known = await pawl(["approvals", "verify", receipt, ...here()]);
    expect([known.code, known.stdout]).toMatchObject([
      0,
      expect.stringContaining("signed with this host's key"),
    ]);
    const content = readFileSync(receipt, "utf8");
    // Signed anew by somebody else, it is as whole as the true one.
    const signer = await createReceiptSigner(await createReceiptKey());
    const { format: _, version: __, publicKey: ___, signature: ____, ...facts } = JSON.parse(content);
    const anew = await signer.sign({ ...facts, by: "mallory" });
    await writeFile(receipt, JSON.stringify(anew));
    const forged = await pawl(["approvals", "verify", receipt, "--json", ...here()]);
    expect([forged.code, JSON.parse(forged.stdout)]).toMatchObject([
      4,
      { valid: false, fault: "unknown_key", public_key: signer.publicKey },
    ]);
    const said = await pawl(["approvals", "verify", receipt, ...here()]);
    expect([said.code, said.stdout]).toMatchObject([4, expect.stringMatching(/not known here[\s\S]*--key/)]);
    const named = await pawl(["approvals", "verify", receipt, "--key", signer.publicKey]);
    expect(named.code).toBe(0);
    for (const altered of [content.replace("100", "101"), content.replace("approved", "denied"), "{}", ""]) {
      await writeFile(receipt, altered);
      expect((await pawl(["approvals", "verify", receipt, ...here()])).code).toBe(1);
    }
    await writeFile(receipt, content);
    const foreign = await pawl(["approvals", "verify", receipt, "--key", "x", "--json"]);
    expect([foreign.code, JSON.parse(foreign.stdout)]).toMatchObject([
      1,
      { valid: false, fault: "other_key" },
    ]);
  });

  it("are decided by link, without a token; the link is for one person and one call", async () => {
    const before = calls().length;
    const { approval, turnId } = await asked();
    const linked = await pawl(["approvals", "link", approval, "--for", "boss@x.io", "--json", ...here()]);
    const { url, key } = JSON.parse(linked.stdout);
    expect(url).toBe(`${server?.url}/a/${key}`);
    const shown = await fetch(url, { headers: { accept: "text/html" } });
    expect(await shown.text()).toContain("boss@x.io");
    expect(calls()).toHaveLength(before);
    const decided = await fetch(url, { method: "POST", body: new URLSearchParams({ decision: "approve" }) });
    expect(await decided.json()).toMatchObject({ status: "approved", decided: { by: "boss@x.io" } });
    expect((await endOf(turnId)).at(-1)).toMatchObject({ outcome: "completed" });
    expect(calls()).toHaveLength(before + 1);
    const late = await pawl(["approvals", "link", approval, ...here()]);
    expect([late.code, late.stdout]).toEqual([1, ""]);
    expect(late.stderr).toContain("that stands");
  });

  it("denied: the call is not made and the model is told why", async () => {
    const before = calls().length;
    const { approval, turnId } = await asked();
    const denied = await pawl(["approvals", "deny", approval, "--reason", "too much", ...here()]);
    expect(denied.stdout).toContain(`pawl watch ${turnId}`);
    const lines = await endOf(turnId);
    expect(lines.at(-1)).toMatchObject({ outcome: "completed" });
    expect(JSON.stringify(lines)).toContain("too much");
    expect(calls()).toHaveLength(before);
  });

  it("edited: the call is made with the other arguments", async () => {
    const before = calls().length;
    const { approval, turnId } = await asked();
    const { code } = await pawl(["approvals", "edit", approval, "--input", '{"cents":5}', ...here()]);
    expect(code).toBe(0);
    expect((await endOf(turnId)).at(-1)).toMatchObject({ outcome: "completed" });
    expect(calls().slice(before)).toEqual(['send {"cents":5}']);
  });

  it("of a tool that the turn does not have end the turn, instead of letting calls through", async () => {
    const args = [
      "run",
      ...here(),
      "--json",
      "--mcp",
      tools.command,
      "--ask",
      "sned",
      "call send with cents=1",
    ];
    const { code, stdout } = await pawl(args);
    expect(code).toBe(1);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ error: { code: "ask_tool_unknown" } });
  });
});

describe("did it happen? (D12)", { timeout: 120_000 }, () => {
  it.each([
    [["--happened", "--result", '"it was sent"'], 1],
    [["--abandon"], 1],
  ])("is asked after a crash, and answered with %j", async (answer, made) => {
    const before = calls().length;
    const run = startPawl(["run", ...here(), "--json", "--mcp", tools.command, "call hang"]);
    await vi.waitFor(() => expect(calls()).toHaveLength(before + 1), { timeout: 30_000, interval: 50 });
    await server?.stop("SIGKILL");
    server = await startServer(join(folder.path, "data"));
    // The turn waits now, and so the run has ended.
    const ended = await run.ended;
    expect(ended.code, ended.stderr).toBe(3);
    const { waits } = JSON.parse((await pawl(["waits", "list", "--json", ...here()])).stdout);
    expect(waits).toMatchObject([{ reason: { type: "did_it_happen", tool: "hang" } }]);
    const [{ id, turn_id: turnId }] = waits;
    const text = await pawl(["waits", "list", ...here()]);
    expect(text.stdout).toContain("did it happen?");

    const unfit = await pawl(["answer", id, "--grant-tokens", "5", "--json", ...here()]);
    expect(unfit.code).toBe(1);
    expect(JSON.parse(unfit.stdout)).toMatchObject({ type: "error", code: "wait_answer_unfit" });

    expect((await pawl(["answer", id, ...answer, ...here()])).code).toBe(0);
    expect((await endOf(turnId)).at(-1)).toMatchObject({ outcome: "completed" });
    expect(calls()).toHaveLength(before + made);
    expect((await pawl(["waits", "list", ...here()])).stdout).toBe("Nothing waits.\n");
  });
});

describe("bad answers", { timeout: 60_000 }, () => {
  it.each([
    [["answer", "x"], 2, "Say how it ends"],
    [["answer", "x", "--happened", "--abandon"], 2, "one answer only"],
    [["answer", "x", "--grant-tokens", "5", "--result", "1"], 2, "one answer only"],
    [["answer", "x", "--result", "{"], 2, "--result must be JSON"],
    [["answer", "x", "--grant-usd", "-1"], 2, "amount above 0"],
    [["approvals", "edit", "x", "--input", "cents"], 2, "--input must be JSON"],
    [["approvals", "edit", "x"], 2, "required option '--input <json>'"],
    [["answer", "x", "--not-happened"], 1, 'no wait "x"'],
    [["approvals", "approve", "x"], 1, 'no approval "x"'],
    [["approvals", "show", "x"], 1, 'no approval "x"'],
    [["approvals", "link", "x"], 1, 'no approval "x"'],
    [["approvals", "receipt", "x"], 1, 'no approval "x"'],
  ])("pawl %j ends with %i and a sentence", async (args, code, sentence) => {
    const ended = await pawl([...args, ...here()]);
    expect([ended.code, ended.stdout]).toEqual([code, ""]);
    expect(ended.stderr).toContain(sentence);
  });
});

describe("bounds of a turn", { timeout: 60_000 }, () => {
  it("end a run that may wait with what is used up, and a grant lets it go on", async () => {
    const limits = ["--max-tokens", "1", "--on-budget", "wait"];
    const args = ["run", ...here(), "--json", "--mcp", tools.command, ...limits, "--session", "bounded"];
    const ended = await pawl([...args, "call send with cents=5"]);
    expect(ended.code).toBe(3);
    const turnId = String(jsonLines(ended.stdout).at(-1)?.turn_id);
    const why = JSON.parse((await pawl(["turn", "show", turnId, "--why", "--json", ...here()])).stdout);
    expect(why).toMatchObject({ state: "waiting", why: "It waits for: budget." });
    expect((await pawl(["grant", "bounded", "--tokens", "100000", ...here()])).code).toBe(0);
    expect((await endOf(turnId)).at(-1)).toMatchObject({ type: "turn.finished", outcome: "completed" });
  });

  it("without waiting lead to a last answer, for submitted turns too", async () => {
    const limits = ["--max-iterations", "1", "--max-usd", "0.5", "--max-seconds", "30"];
    const sent = await pawl(["submit", "--json", ...limits, "hello", ...here()]);
    const turnId = String(jsonLines(sent.stdout)[0]?.turn_id);
    expect((await endOf(turnId)).at(-1)).toMatchObject({ outcome: "completed" });
    const exported = await pawl(["export", turnId, ...here()]);
    expect(JSON.parse(exported.stdout).config.limits).toMatchObject({
      maxIterations: 1,
      maxCostNanoUsd: 500_000_000,
      maxWallMs: 30_000,
      onBudget: "last_answer",
    });
  });

  it("are refused when they are none", async () => {
    for (const limit of [
      ["--max-tokens", "0"],
      ["--max-usd", "free"],
      ["--on-budget", "stop"],
    ]) {
      const { code, stderr } = await pawl(["run", ...limit, "hello", ...here()]);
      expect([code, stderr], limit.join(" ")).toMatchObject([2, expect.stringContaining("(usage)")]);
    }
  });
});
