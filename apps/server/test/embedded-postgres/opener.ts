// A process that opens the folder it is given, says so, closes it when it is told to (at once, or at the moment
// in which it notices that PostgreSQL is gone), and ends when nothing holds it any more.
import { openEmbeddedPostgres } from "../../src/embedded-postgres/index.ts";

const [dataDir] = process.argv.slice(2);
let closeWhenLost = false;
try {
  const postgres = await openEmbeddedPostgres({
    dataDir: dataDir!,
    log: (message) => {
      if (closeWhenLost && message.includes("was lost")) void close();
    },
  });
  const close = async () => {
    await postgres.close();
    if (process.connected) process.disconnect();
  };
  process.send?.({ url: postgres.url, owner: postgres.owner });
  process.on("message", (message) => {
    if (message === "close") void close();
    else if (message === "exit") process.exit(130);
    else closeWhenLost = true;
    process.send?.("understood");
  });
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  process.send?.({ code, message }, () => process.disconnect());
}
