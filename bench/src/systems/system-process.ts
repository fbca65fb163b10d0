// One system in a process of its own: `node system-process MODULE URL FOLDER ROLE`, asked over IPC.
import { answerByName, answerQuestions } from "../answer-questions.ts";
import type { OpenSystem, Role } from "./system.ts";

const [module, url, folder, role] = process.argv.slice(2) as [string, string, string, Role];
const { open } = (await import(module)) as { open: OpenSystem };

await answerQuestions(
  () => open({ url, folder, role }),
  (system, method, args) =>
    method === "residentBytes" ? process.memoryUsage.rss() : answerByName(system, method, args),
);
