// A long-lived worker. After a crash there is nothing to write: started again, it resumes. DATABASE_URL=… PAWL_SECRET=… node worker.ts
import { close, host } from "./host.ts";

await host.start();
console.log("working");
process.once("SIGTERM", close);
process.once("SIGINT", close);
