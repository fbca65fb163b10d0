import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** A file of this folder that runs as a process of its own: JavaScript when built, else TypeScript. @param name without its ending */
export function programFile(name: string): string {
  const ending = extname(fileURLToPath(import.meta.url));
  return fileURLToPath(new URL(`./${name}${ending}`, import.meta.url));
}
