import type { ArcpSystem } from "../arcp/arcp-system.ts";
import { openBareSocket } from "../arcp/bare-socket.ts";
import { openPawlSystem } from "../arcp/pawl-system.ts";
import { openReferenceSystem } from "../arcp/reference-system.ts";
import type { Cell, Subject, Target } from "../cell.ts";
import { wallMs } from "../stopwatch.ts";

const LINES = 50_000;
const SUBSCRIBERS = 50;
const SETTLE_MS = 1_000;
/** Before anything is measured: so many go by until the compiler has seen enough. */
const WARM_TRIPS = 2_000;
const BROADCAST_LINES = 1_000;
const ROUND_TRIPS: Target = { of: "peer", atLeast: 2 };
const EVENTS: Target = { of: "peer", atLeast: 1.5 };

export const arcpCell: Cell = {
  name: "arcp",
  title: "ARCP in memory",
  about: `
    Jobs over a WebSocket on loopback: from submission to result, one after another and 64 at once, and the
    50,000 log lines of one job; and 1,000 lines of one job to 50 clients that have subscribed to it, which
    is 50,000 events. The floor is a bare WebSocket: as many frames of JSON for a trip, of some 200 bytes
    each, or one for an event, written and parsed at both ends.
  `,
  notShown: `
    Both ends of each system share this process and so one core, which is why two machines do better; there
    is no real network and no TLS, and everything is kept in memory. The reference SDK keeps all that a
    session has said and by default ends the session that said too much; that bound is lifted here, and its
    client acknowledges, as ours does.
  `,
  async open({ scale }) {
    const pawl = await openPawlSystem();
    const bare = await openBareSocket();
    const reference = await openReferenceSystem();
    const absent = "reason" in reference ? [reference] : [];
    const peers = "reason" in reference ? [] : [reference];
    for (const system of [pawl, bare, ...peers]) await perSecond(system, WARM_TRIPS, 1);

    const alone = "submit → result, 1 in flight";
    const crowd = "submit → result, 64 in flight";
    const lines = `${LINES.toLocaleString("en-US")} events of one job`;
    const floors = {
      alone: "trips of a bare WebSocket, 1 in flight",
      crowd: "trips of a bare WebSocket, 64 in flight",
      lines: "frames of a bare WebSocket",
    };
    const broadcast = `events given to ${SUBSCRIBERS} subscribers of one job`;
    const subjects: Subject[] = [
      { name: floors.alone, unit: "/s", sample: () => perSecond(bare, 200 * scale, 1) },
      { name: floors.crowd, unit: "/s", sample: () => perSecond(bare, 640 * scale, 64) },
      {
        name: floors.lines,
        unit: "/s",
        sample: async () => (1_000 * LINES) / (await wallMs(() => bare.lines(LINES))),
      },
      {
        name: alone,
        unit: "/s",
        floor: floors.alone,
        target: ROUND_TRIPS,
        sample: () => perSecond(pawl, 200 * scale, 1),
      },
      {
        name: crowd,
        unit: "/s",
        floor: floors.crowd,
        target: ROUND_TRIPS,
        sample: () => perSecond(pawl, 640 * scale, 64),
      },
      { name: lines, unit: "/s", floor: floors.lines, target: EVENTS, sample: () => linesPerSecond(pawl) },
      {
        name: broadcast,
        unit: "/s",
        floor: floors.lines,
        target: EVENTS,
        sample: () => broadcastPerSecond(pawl),
      },
    ];
    for (const peer of peers) {
      const name = (of: string) => ({ name: `${of} · reference SDK`, peerOf: [of], unit: "/s" });
      subjects.push(
        { ...name(alone), sample: () => perSecond(peer, 200 * scale, 1) },
        { ...name(crowd), sample: () => perSecond(peer, 640 * scale, 64) },
        { ...name(lines), sample: () => linesPerSecond(peer) },
        { ...name(broadcast), sample: () => broadcastPerSecond(peer) },
      );
    }
    return {
      subjects,
      absent,
      async close() {
        for (const system of [pawl, bare, ...peers]) await system.close();
      },
    };
  },
};

async function perSecond(
  system: Pick<ArcpSystem, "roundTrip">,
  jobs: number,
  inFlight: number,
): Promise<number> {
  let next = 0;
  const worker = async () => {
    while (next < jobs) await system.roundTrip(next++);
  };
  return (1_000 * jobs) / (await wallMs(() => Promise.all(Array.from({ length: inFlight }, worker))));
}

async function linesPerSecond(system: ArcpSystem): Promise<number> {
  let seen = 0;
  const ms = await wallMs(async () => {
    seen = await system.logLines(LINES);
  });
  if (seen !== LINES) throw new Error(`${seen} of ${LINES} events came.`);
  return (1_000 * seen) / ms;
}

async function broadcastPerSecond(system: ArcpSystem): Promise<number> {
  const ms = await system.broadcast(BROADCAST_LINES, SUBSCRIBERS);
  // What fifty clients still acknowledge must not fall on whoever is measured next.
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return (1_000 * BROADCAST_LINES * SUBSCRIBERS) / ms;
}
