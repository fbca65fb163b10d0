// The result of a turn, from any process. node result.ts turn_…
import { close, host } from "./host.ts";

host.pause();
const again = await host.turn(process.argv[2] ?? "").result();
console.log(again.status === "completed" ? again.text : again.status);
await close();
