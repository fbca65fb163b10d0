// A process that opens the folder it is given, says so, closes it when it is told to, and ends.
import { openEmbeddedPostgres } from "../../src/embedded-postgres/index.ts";

const [dataDir] = process.argv.slice(2);
try {
  const postgres = await openEmbeddedPostgres({ dataDir: dataDir! });
  process.send?.({ url: postgres.url, owner: postgres.owner });
  process.once("message", async () => {
    await postgres.close();
    process.disconnect();
  });
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  process.send?.({ code, message }, () => process.disconnect());
}
