import { openBoss } from "./pg-boss.ts";
import type { OpenSystem } from "./system.ts";

/** pg-boss that takes and completes a hundred jobs at once. */
export const open: OpenSystem = ({ url }) => openBoss(url, 100);
