import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./error-codes.ts";

export interface Snippet {
  /** Of its page and its place there; a file name. */
  readonly name: string;
  readonly code: string;
  /** It says that it ends by itself and needs nothing. */
  readonly runs: boolean;
}

const PAGES = [
  "README.md",
  ...["packages", "apps"].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => join(folder, name, "README.md")),
  ),
];

/** The whole programs of all READMEs: TypeScript without an ellipsis. With one it is a sketch. */
export function snippets(): readonly Snippet[] {
  return PAGES.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    return [...text.matchAll(/^```ts( run)?\n(.*?)^```$/gms)].flatMap(([, run, code = ""], i) => {
      if (code.includes("…")) return [];
      return [{ name: `${page.replaceAll(/[\\/.]/g, "-")}-${i + 1}.ts`, code, runs: run !== undefined }];
    });
  });
}
