import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { followEvents } from "../../src/client/event-source.ts";
import { createPatience } from "../../src/client/patience.ts";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that answers its connections one after the other as it is told. */
async function serverOf(...answers: Answer[]) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const answer = answers[asked.length - 1];
    if (answer === undefined) response.writeHead(500).end();
    else answer(response, request);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const delta = (id: string) =>
  `id: ${id}\ndata: ${JSON.stringify({ type: "text.delta", id, turn_id: "t", at: 1, effect_id: "e", attempt: 0, text: id })}\n\n`;
const committed = (id: string) =>
  `id: ${id}\ndata: ${JSON.stringify({ type: "turn.committed", id, turn_id: "t", at: 1, sequence: 0, digest: "d" })}\n\n`;
const streams =
  (...pieces: string[]): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const piece of pieces) response.write(piece);
    response.end();
  };

function follow(url: string, { giveUpMs = 10_000, silenceMs = 10_000 } = {}) {
  const told: string[] = [];
  const patience = createPatience({
    giveUpMs,
    onAway: () => told.push("away"),
    onBack: () => told.push("back"),
  });
  const abort = new AbortController();
  const address = async () => ({ url, token: "tok" });
  const events = followEvents({
    address,
    path: "v1/turns/t/events",
    signal: abort.signal,
    patience,
    silenceMs,
  });
  const ids = async () => {
    const seen: string[] = [];
    for await (const event of events) seen.push(event.id);
    return seen;
  };
  return { events, ids, abort, told };
}

describe("the events of a turn, over connections that fail", () => {
  it("go on after the last one that was seen, and end with the turn", async () => {
    const { url, asked } = await serverOf(
      streams(": open\n\n", delta("1.0"), delta("2.0")),
      (response) => response.socket?.destroy(),
      (response) => response.writeHead(503).end(),
      (response) => {
        // Cut off in the midst of an event: what is not whole was not seen.
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(delta("3.0") + delta("4.0").slice(0, 20), () => response.socket?.destroy());
      },
      streams(delta("4.0"), committed("5.0"), delta("6.0")),
    );
    const { ids, told } = follow(url);
    expect(await ids()).toEqual(["1.0", "2.0", "3.0", "4.0", "5.0"]);
    expect(asked.map((request) => request.headers["last-event-id"])).toEqual([
      undefined,
      "2.0",
      "2.0",
      "2.0",
      "3.0",
    ]);
    expect(asked.every((request) => request.headers.authorization === "Bearer tok")).toBe(true);
    // Losing a connection once is not worth a word.
    expect(told).toEqual(["away", "back"]);
  });

  it("pass over kinds of events that are not known, and over what is not JSON", async () => {
    const strange = `id: 1.0\ndata: {"type":"moon.risen","id":"1.0"}\n\nid: 1.1\ndata: nope\n\n`;
    const { url } = await serverOf(streams(strange, committed("2.0")));
    expect(await follow(url).ids()).toEqual(["2.0"]);
  });

  it("end when the server says that all was seen", async () => {
    const { url } = await serverOf(streams(delta("1.0")), (response) => response.writeHead(204).end());
    expect(await follow(url).ids()).toEqual(["1.0"]);
  });

  it("are asked for again when the connection falls silent", async () => {
    const { url } = await serverOf(
      (response) => response.writeHead(200, { "content-type": "text/event-stream" }).write(delta("1.0")),
      streams(committed("2.0")),
    );
    expect(await follow(url, { silenceMs: 50 }).ids()).toEqual(["1.0", "2.0"]);
  });

  it("fail at once for what another attempt does not mend", async () => {
    const gone = JSON.stringify({ error: { code: "turn_unknown", message: "There is no turn t." } });
    const { url, asked } = await serverOf((response) => response.writeHead(404).end(gone));
    await expect(follow(url).ids()).rejects.toMatchObject({
      code: "turn_unknown",
      message: "There is no turn t.",
    });
    const other = await serverOf((response) => response.writeHead(401).end());
    await expect(follow(other.url).ids()).rejects.toMatchObject({ code: "unauthorized" });
    const page = await serverOf((response) => response.writeHead(404).end("<html>"));
    await expect(follow(page.url).ids()).rejects.toMatchObject({ code: "answer_invalid" });
    expect(asked).toHaveLength(1);
  });

  it("fail when the server stays away", async () => {
    await expect(follow("http://127.0.0.1:1", { giveUpMs: 150 }).ids()).rejects.toMatchObject({
      code: "server_lost",
    });
  });

  it("end when nobody wants them any more", async () => {
    const { url } = await serverOf((response) =>
      response.writeHead(200, { "content-type": "text/event-stream" }).write(delta("1.0")),
    );
    const { events, abort } = follow(url);
    expect((await events.next()).value?.id).toBe("1.0");
    abort.abort();
    expect((await events.next()).done).toBe(true);
  });
});
