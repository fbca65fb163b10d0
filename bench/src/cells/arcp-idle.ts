import { bytesPerIdleSession } from "../arcp/idle-sessions.ts";
import { missingReferenceSdk } from "../arcp/reference-system.ts";
import type { Cell, Subject } from "../cell.ts";
import { sharedSample } from "../shared-sample.ts";

const SIZES = [1_000, 10_000];

export const arcpIdleCell: Cell = {
  name: "arcp-idle",
  title: "What an idle ARCP session costs",
  about: `
    A runtime in a process of its own, in memory mode, with 1,000 and 10,000 sessions over
    WebSockets on loopback that were opened and do nothing: by how much its resident memory grew, after
    collections, for each of them. 500 sessions are opened before the first look. The process of Pawl calls
    \`keepMemorySmall()\`, as \`pawl serve\` does and the [documentation](../observability.md) advises for one of one's own;
    beside it is the same with V8's defaults, as the reference SDK has them, which sets none.
  `,
  notShown: `
    What the system keeps for a connection outside of the process, sessions that have heartbeats, jobs or
    history to resume, and TLS, which costs more than the session. The client offers to compress, as a
    browser does.
  `,
  whereItGoes: `
    Of what is in use half is the socket, with Node's streams around it. The rest is the session: what it may do,
    its place in its stream and the hash of its token. What else is resident is V8's room for garbage: by its
    defaults it doubles the young part of the heap while sessions are opened, and keeps it, which is more than
    1,000 sessions take and little beside 10,000.
  `,
  maxRounds: 3,
  noWarmUp: true,
  async open() {
    const reason = missingReferenceSdk();
    const pawl = sharedSample(() => bytesPerIdleSession(["pawl", "small"], SIZES));
    const byDefault = sharedSample(() => bytesPerIdleSession(["pawl"], SIZES));
    const reference = sharedSample(() => bytesPerIdleSession(["reference"], SIZES));
    const subjects = SIZES.flatMap((size): Subject[] => {
      const name = `memory of an idle session, of ${size.toLocaleString("en-US")}`;
      const kib = (bytes: ReadonlyMap<number, number>) => (bytes.get(size) ?? Number.NaN) / 1_024;
      const ours = { name, unit: "KiB", target: { of: "value", atMost: 15 }, sample: pawl(kib) } as const;
      const defaults = { name: `${name}, with V8's defaults`, unit: "KiB", sample: byDefault(kib) } as const;
      if (reason !== undefined) return [ours, defaults];
      return [
        ours,
        defaults,
        { name: `${name} · reference SDK`, unit: "KiB", peerOf: [name], sample: reference(kib) },
      ];
    });
    return { subjects, ...(reason !== undefined && { absent: [{ name: "reference SDK", reason }] }) };
  },
};
