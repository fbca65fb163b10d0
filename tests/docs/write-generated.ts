import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TRANSITIONS } from "@pawl/core";
import { withDiagram } from "./turn-diagram.ts";

const page = fileURLToPath(new URL("../../docs/turn-machine.md", import.meta.url));
writeFileSync(page, withDiagram(readFileSync(page, "utf8"), TRANSITIONS));
