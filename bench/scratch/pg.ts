import { startTestPostgres } from "@pawl/test-postgres";
import { writeFileSync } from "node:fs";
const s = await startTestPostgres();
writeFileSync("/tmp/speed/url", s.url);
writeFileSync("/tmp/speed/pid", String(process.pid));
process.on("SIGTERM", async () => { await s.stop(); process.exit(0); });
setTimeout(async () => { await s.stop(); process.exit(0); }, 2.4*3600_000);
