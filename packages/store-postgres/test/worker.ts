// A process of its own: takes a session, begins its turn, writes a row, says so on stdout and then only renews its lease, until somebody
// ends it. Arguments: URL, ttl in ms.
import { nodeId } from "@pawl/core";
import { deltaRow, fresh, openStore, openTurn } from "./harness.ts";

const [url = "", ttl = "60000"] = process.argv.slice(2);
const store = await openStore(url, { listenUrl: url });
const node = await store.leases.openNode(nodeId(fresh("worker")), { ttlMs: Number(ttl) });
const open = await openTurn(store, { node });
await store.log.append(open.fence, [deltaRow(open.turn, 2)]);
console.log(JSON.stringify({ session: open.session, turn: open.turn, node }));
setInterval(() => store.leases.renewNode(node).catch((error) => console.log(error.code)), 200);
