import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TRANSITIONS } from "@pawl/core";
import { ROOT } from "./error-codes.ts";
import { invariantsInSources, invariantsPage } from "./invariants-page.ts";
import { withDiagram } from "./turn-diagram.ts";

const turnMachine = join(ROOT, "docs/turn-machine.md");
writeFileSync(turnMachine, withDiagram(readFileSync(turnMachine, "utf8"), TRANSITIONS));
writeFileSync(join(ROOT, "docs/invariants.md"), invariantsPage(invariantsInSources()));
