// A process of its own, begun by one that ended in a hurry: node leave-postgres.js <data folder> <pid of that process>
import { leaveEmbeddedPostgres } from "./embedded-postgres/leave-embedded-postgres.ts";

const [dataDir, pid] = process.argv.slice(2);
// Nobody hears what goes wrong, and nothing is lost: the next one who opens the folder joins what runs.
if (dataDir !== undefined) await leaveEmbeddedPostgres(dataDir, Number(pid)).catch(() => undefined);
