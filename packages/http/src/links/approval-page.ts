import type { Json } from "@pawl/core";
import type { Approval, ArgumentDifference } from "@pawl/host";
import { factsList, jsonBlock, prettyJson, timeOf } from "./facts.ts";
import { escapeHtml } from "./html.ts";

/** What an approval page shows. The parts are HTML; everything that comes from outside is escaped. Pure. */
export interface ApprovalPage {
  readonly title: string;
  readonly body: string;
}

export interface ApprovalPageOptions {
  readonly approval: Approval;
  /** Whose link it is. */
  readonly audience: string;
  /** A sentence above everything: what went wrong with what was just sent. */
  readonly problem?: string;
  /** What was just sent had been decided so before. */
  readonly replayed?: boolean;
}

const HOW: Readonly<Record<Approval["status"], string>> = {
  pending: "Waits for a decision",
  approved: "Approved",
  edited: "Approved with other arguments",
  denied: "Denied",
  expired: "Expired: nobody decided in time",
  cancelled: "Taken back: the turn does not ask any more",
};

export function approvalPage({ approval, audience, problem, replayed }: ApprovalPageOptions): ApprovalPage {
  const { tool, input, status, decided } = approval;
  const title = status === "pending" ? `Approve ${tool}?` : `${tool}: ${HOW[status].toLowerCase()}`;
  const parts = [
    `<h1>${escapeHtml(title)}</h1>`,
    problem === undefined ? "" : `<p class="note" role="alert">${escapeHtml(problem)}</p>`,
    replayed === true ? `<p class="note">This had been decided so before. Nothing was changed.</p>` : "",
    factsOf(approval, audience),
    `<h2>${decided?.input === undefined ? "Arguments" : "Arguments that were asked for"}</h2>`,
    jsonBlock(input),
    decided?.input === undefined ? "" : `<h2>Arguments that were approved</h2>${jsonBlock(decided.input)}`,
    status === "pending" ? forms(input) : "",
  ];
  return { title, body: parts.filter((part) => part !== "").join("\n") };
}

export function problemPage(title: string, message: string, rest = ""): ApprovalPage {
  return { title, body: `<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(message)}</p>\n${rest}` };
}

/** Where arguments are not those that were asked for. */
export function differencesOf(differences: readonly ArgumentDifference[]): string {
  return differences
    .map(({ path, asked, now }) => {
      const was = asked === undefined ? "<p>nothing</p>" : jsonBlock(asked);
      const is = now === undefined ? "<p>nothing</p>" : jsonBlock(now);
      return `<h2>${escapeHtml(path)}</h2>\n<p>Asked for:</p>${was}<p>Stored now:</p>${is}`;
    })
    .join("\n");
}

function factsOf({ id, tool, sessionId, createdAt, expiresAt, status, decided }: Approval, audience: string) {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["Tool", escapeHtml(tool)],
    ["For", escapeHtml(audience)],
    ["Asked", timeOf(createdAt)],
    ["Expires", expiresAt === null ? "never" : timeOf(expiresAt)],
    ["Session", escapeHtml(sessionId ?? "")],
    ["Approval", `<small>${escapeHtml(id)}</small>`],
    ["Status", `<strong>${HOW[status]}</strong>`],
    ["By", decided === null ? undefined : escapeHtml(decided.by)],
    ["At", decided === null ? undefined : timeOf(decided.at)],
    ["Reason", decided?.reason === undefined ? undefined : escapeHtml(decided.reason)],
  ];
  return factsList(rows);
}

function forms(input: Json): string {
  return `<form method="post">
<input type="hidden" name="decision" value="approve">
<button class="yes" type="submit">Approve</button>
</form>
<form method="post">
<input type="hidden" name="decision" value="deny">
<label for="reason">Reason, told to the agent</label>
<input id="reason" name="reason" maxlength="2000" autocomplete="off">
<button class="no" type="submit">Deny</button>
</form>
<details>
<summary>Approve with other arguments</summary>
<form method="post">
<input type="hidden" name="decision" value="edit">
<label for="input">Arguments, as JSON</label>
<textarea id="input" name="input" spellcheck="false" autocapitalize="off" autocomplete="off">${"\n"}${escapeHtml(prettyJson(input))}</textarea>
<button type="submit">Approve these arguments</button>
</form>
</details>`;
}
