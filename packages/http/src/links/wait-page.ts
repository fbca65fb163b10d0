import type { Json, WaitReason } from "@pawl/core";
import type { KeyedWait } from "@pawl/host";
import type { ApprovalPage } from "./approval-page.ts";
import { factsList, jsonBlock, timeOf } from "./facts.ts";
import { escapeHtml } from "./html.ts";

export interface WaitPageOptions {
  readonly wait: KeyedWait;
  /** A sentence above everything: what came of what was just sent. */
  readonly note?: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The page of a wait that is no approval: what is asked, and the forms that answer it. Pure. */
export function waitPage({ wait, note, now }: WaitPageOptions): ApprovalPage {
  const { terminal, audience, createdAt, dueAt, sessionId, id } = wait;
  const reason = reasonOf(wait.reason);
  const title = QUESTIONS[reason?.type ?? "custom"];
  const facts = factsList([
    ["Tool", reason !== undefined && "tool" in reason ? escapeHtml(reason.tool) : undefined],
    ["What", textOf(reason)],
    ["For", escapeHtml(audience)],
    ["Asked", timeOf(createdAt)],
    ["Expires", dueAt === null ? "never" : timeOf(dueAt)],
    ["Session", escapeHtml(sessionId ?? "")],
    ["Wait", `<small>${escapeHtml(id)}</small>`],
    ["Status", `<strong>${terminal === null ? "Waits for an answer" : HOW[terminal.status]}</strong>`],
  ]);
  const parts = [
    `<h1>${title}</h1>`,
    note === undefined ? "" : `<p class="note" role="alert">${escapeHtml(note)}</p>`,
    facts,
    reason?.type === "did_it_happen" ? `<h2>Arguments</h2>${jsonBlock(reason.input)}` : "",
    terminal === null ? formsOf(reason, now) : "",
  ];
  return { title, body: parts.filter((part) => part !== "").join("\n") };
}

const QUESTIONS: Readonly<Record<WaitReason["type"], string>> = {
  did_it_happen: "Did this call happen?",
  budget: "May the turn spend more?",
  tool_pending: "What came of this call?",
  custom: "A turn waits for an answer",
  approval: "A call needs an approval",
  agent: "An agent works for this turn",
};

const HOW = {
  ok: "Answered",
  err: "Answered: it failed",
  timeout: "Nobody answered in time",
  cancelled: "Taken back",
};

function reasonOf(reason: Json): WaitReason | undefined {
  const type = typeof reason === "object" && reason !== null && "type" in reason ? reason.type : undefined;
  return typeof type === "string" && type in QUESTIONS ? (reason as unknown as WaitReason) : undefined;
}

function textOf(reason: WaitReason | undefined): string | undefined {
  if (reason?.type === "budget") return escapeHtml(`the limit of ${reason.limit} is reached`);
  if (reason?.type === "custom") return escapeHtml(reason.text);
  return reason?.type === "tool_pending" && reason.note !== undefined ? escapeHtml(reason.note) : undefined;
}

function formsOf(reason: WaitReason | undefined, now: number): string {
  if (reason?.type === "did_it_happen") {
    const { noAfter } = reason;
    const no =
      noAfter !== undefined && noAfter > now
        ? `<p class="note">Until ${timeOf(noAfter)} it may still happen: "no" can be said from then on.</p>`
        : button("not_happened", "It did not happen: make it again", "no");
    return `${leftBy(reason)}${form("happened", "It happened", resultField("What it came to, as JSON"))}\n${no}\n${button("abandon", "Nobody can say")}`;
  }
  if (reason?.type === "budget") {
    const field =
      reason.limit === "cost"
        ? `<label for="usd">US dollars more</label><input id="usd" name="usd" inputmode="decimal" required>`
        : `<label for="tokens">Tokens more</label><input id="tokens" name="tokens" inputmode="numeric" required>`;
    return `${form("grant", "Grant", field)}\n${button("abandon", "Grant nothing", "no")}`;
  }
  return form("result", "Answer", resultField("The answer, as JSON"));
}

function leftBy({ left = 0 }: Extract<WaitReason, { type: "did_it_happen" }>): string {
  if (left === 0) return "";
  return `<p class="note">Messages that it left in the outbox: ${left}. They go out when you say that it happened.</p>\n`;
}

function resultField(label: string): string {
  return `<label for="result">${label}</label>\n<textarea id="result" name="result" spellcheck="false" autocomplete="off"></textarea>`;
}

function form(answer: string, label: string, fields: string): string {
  return `<form method="post">\n<input type="hidden" name="answer" value="${answer}">\n${fields}\n<button class="yes" type="submit">${label}</button>\n</form>`;
}

function button(answer: string, label: string, style = ""): string {
  return `<form method="post">\n<input type="hidden" name="answer" value="${answer}">\n<button class="${style}" type="submit">${label}</button>\n</form>`;
}
