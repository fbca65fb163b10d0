import { PawlError } from "@pawl/core";
import type { ApprovalChoice, ArgumentDifference, Host, KeyedWait } from "@pawl/host";
import { errorAnswer, jsonAnswer, methodNotAllowed } from "../answer.ts";
import { shownError } from "../errors.ts";
import type { ResolvedOptions } from "../route.ts";
import { wireApproval, wireDecidedApproval } from "../wire/approval.ts";
import { wireAnswered, wireWait } from "../wire/wait.ts";
import { approvalPage, differencesOf, problemPage } from "./approval-page.ts";
import { pageAnswer } from "./html.ts";
import { readAnswer } from "./read-answer.ts";
import { readDecision } from "./read-decision.ts";
import { waitPage } from "./wait-page.ts";

/** Before the key in a link's path. */
const PREFIX = "/a/";

/** The key of a link's path; undefined for other paths. */
export function keyOfPath(path: string): string | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  return path.slice(PREFIX.length);
}

/**
 * Answers links. The key is all that is asked for: whoever holds it may look (GET, which decides nothing, whatever fetches it) and
 * decide once (POST). Browsers get pages that work without scripts, everybody else JSON.
 */
export async function answerLink(
  request: Request,
  key: string,
  host: Host,
  options: ResolvedOptions,
): Promise<Response> {
  const page = (request.headers.get("accept") ?? "").includes("text/html");
  const { method } = request;
  if (method !== "GET" && method !== "HEAD" && method !== "POST")
    return methodNotAllowed(method, ["GET", "POST"]);
  try {
    const wait = await host.waits.look(key);
    if (wait !== null) return await answerWait(request, key, wait, host, options, page);
    if (method === "POST") return await decide(request, key, host, options, page);
    const { approval, audience } = await host.approvals.open(key);
    if (!page && wantsJson(request)) return jsonAnswer(200, { ...wireApproval(approval), audience });
    return await shownPage(200, { approval, audience });
  } catch (thrown) {
    if (shownError(thrown).status >= 500) options.onError(thrown, withoutKey(request));
    return page || (method === "GET" && !wantsJson(request))
      ? problemAnswer(thrown, key, host)
      : errorAnswer(shownError(thrown));
  }
}

/** A key that answers something else than an approval. */
async function answerWait(
  request: Request,
  key: string,
  wait: KeyedWait,
  host: Host,
  { maxBodyBytes: maxBytes, maxDepth }: ResolvedOptions,
  page: boolean,
): Promise<Response> {
  if (request.method !== "POST") {
    if (!page && wantsJson(request)) return jsonAnswer(200, { ...wireWait(wait), audience: wait.audience });
    return shownWait(200, wait);
  }
  try {
    const outcome = await host.waits.resolve(key, await readAnswer(request, { maxBytes, maxDepth }));
    if (outcome.status === "unknown_or_revoked") throw linkUnknown();
    if (!page) return jsonAnswer(200, wireAnswered(wait.id, outcome));
    return shownWait(200, (await host.waits.look(key)) ?? wait, TOLD[outcome.status]);
  } catch (thrown) {
    const { status, message } = shownError(thrown);
    if (!page || status >= 500) throw thrown;
    return shownWait(status, (await host.waits.look(key)) ?? wait, message);
  }
}

const TOLD = {
  accepted: "Thank you: the turn goes on.",
  already_resolved: "Somebody was faster: their answer stands.",
  late: "The turn had ended before. Its session is told.",
};

async function shownWait(status: number, wait: KeyedWait, note?: string): Promise<Response> {
  // The time is only shown: what counts is looked at by the host.
  const { title, body } = waitPage({ wait, now: Date.now(), ...(note !== undefined && { note }) });
  return pageAnswer(status, title, body);
}

function linkUnknown(): PawlError {
  const message = "This link answers nothing: it is not whole, or it was taken back. Ask for a new one.";
  return new PawlError("approval_link_unknown", message, { blame: "peer" });
}

async function decide(
  request: Request,
  key: string,
  host: Host,
  { maxBodyBytes: maxBytes, maxDepth }: ResolvedOptions,
  page: boolean,
): Promise<Response> {
  const choice: ApprovalChoice = await readDecision(request, { maxBytes, maxDepth });
  const answer = await host.approvals.answer(key, choice);
  if (!page) return jsonAnswer(200, wireDecidedApproval(answer));
  const { audience } = await host.approvals.open(key);
  return shownPage(200, { approval: answer.approval, audience, replayed: answer.replayed });
}

/** Programs that fetch a link without saying what they want get the page. */
function wantsJson(request: Request): boolean {
  return (request.headers.get("accept") ?? "").includes("application/json");
}

async function shownPage(status: number, options: Parameters<typeof approvalPage>[0]): Promise<Response> {
  const { title, body } = approvalPage(options);
  return pageAnswer(status, title, body);
}

/** A problem with what was sent is shown above what is to be decided, as long as that can be seen. */
async function problemAnswer(thrown: unknown, key: string, host: Host): Promise<Response> {
  const { status, code, message } = shownError(thrown);
  const opened = await host.approvals.open(key).catch(() => undefined);
  if (opened !== undefined) return shownPage(status, { ...opened, problem: message });
  const title = TITLES[code] ?? "This did not work";
  const { body } = problemPage(
    title,
    message,
    code === "approval_arguments_changed" ? changesOf(thrown) : "",
  );
  return pageAnswer(status, title, body);
}

const TITLES: Readonly<Record<string, string>> = {
  approval_link_unknown: "This link answers nothing",
  approval_link_expired: "This link has expired",
  approval_arguments_changed: "The arguments were changed",
};

function changesOf(thrown: unknown): string {
  const details = thrown instanceof PawlError ? thrown.details : undefined;
  const { differences = [] } = (details ?? {}) as { readonly differences?: readonly ArgumentDifference[] };
  return differencesOf(differences);
}

/** What is logged of a request must not be a way in. */
function withoutKey(request: Request): Request {
  const url = new URL(request.url);
  url.pathname = url.pathname.replace(/\/a\/.*/, "/a/…");
  url.search = "";
  return new Request(url, { method: request.method });
}
