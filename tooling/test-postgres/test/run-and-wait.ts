// A run that will be killed: says where its PostgreSQL is and waits.
import { dirname } from "node:path";
import pg from "pg";
import { startTestPostgres } from "../src/start-postgres.ts";

const { url } = await startTestPostgres();
const client = new pg.Client({ connectionString: url });
await client.connect();
const { rows } = await client.query("select current_setting('data_directory') as data");
await client.end();
process.send?.({ url, folder: dirname(rows[0].data) });
process.on("message", () => undefined);
