// Serverless: called by cron or a webhook, it drives what there is and ends. In a route: export const GET = () => host.drain(…)
import { close, host } from "./host.ts";

const { driven } = await host.drain({ maxMs: 25_000 });
console.log(`drove ${driven}`);
await close();
