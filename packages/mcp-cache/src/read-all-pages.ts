import { DiscoveryError } from "./errors.ts";
import { jsonSizeWithin } from "./json-size.ts";
import type { McpProblem, ToolPage } from "./mcp-client-port.ts";

/** A whole list of tools, as a refresh hands it to the cache. */
export interface Discovery<Tool> {
  readonly tools: readonly Tool[];
  readonly ttlMs?: number | undefined;
  readonly cacheScope?: "public" | "private" | undefined;
  readonly problems?: readonly McpProblem[] | undefined;
}

export interface PageLimits {
  readonly maxPages: number;
  readonly maxTools: number;
  readonly maxBytes: number;
}

/**
 * Reads every page of a list within bounds. The list may be kept as long as its shortest-lived page, and is private if
 * any page is. A cursor that comes back ends the reading and is reported; a cursor that the server itself calls
 * invalid (`isInvalidCursor`) starts it over once, because pages have no consistency across a change.
 *
 * @throws DiscoveryError `mcp_list_too_large` or `mcp_too_many_pages`: nothing is cut off silently.
 */
export async function readAllPages<Tool extends { readonly name: string }>(
  readPage: (cursor: string | undefined) => Promise<ToolPage<Tool>>,
  limits: PageLimits,
  isInvalidCursor: (error: unknown) => boolean = () => false,
): Promise<Discovery<Tool>> {
  try {
    return await readOnce(readPage, limits);
  } catch (error) {
    if (error instanceof PageFailure) {
      if (isInvalidCursor(error.cause)) return await readOnce(readPage, limits).catch(unwrap);
      throw error.cause;
    }
    throw error;
  }
}

/** A failure of any page but the first. */
class PageFailure extends Error {}

function unwrap(error: unknown): never {
  throw error instanceof PageFailure ? error.cause : error;
}

async function readOnce<Tool extends { readonly name: string }>(
  readPage: (cursor: string | undefined) => Promise<ToolPage<Tool>>,
  limits: PageLimits,
): Promise<Discovery<Tool>> {
  const tools = new Map<string, Tool>();
  const problems: McpProblem[] = [];
  const cursors = new Set<string>();
  let ttlMs: number | undefined;
  let unhinted = false;
  let scopes = 0;
  let isPublic = true;
  let bytes = 0;
  let cursor: string | undefined;

  for (let pages = 0; ; pages++) {
    if (pages === limits.maxPages) {
      throw new DiscoveryError(
        "mcp_too_many_pages",
        `The server's list of tools has more than ${limits.maxPages} pages. Raise maxPages if that is right.`,
      );
    }
    const page = await readPage(cursor).catch((cause: unknown) => {
      throw cursor === undefined ? cause : new PageFailure("a later page failed", { cause });
    });
    const size = jsonSizeWithin(page.tools, limits.maxBytes - bytes);
    if (size === undefined) {
      throw new DiscoveryError(
        "mcp_list_too_large",
        `The server's list of tools is larger than ${limits.maxBytes} bytes. Raise maxBytesPerEntry if that is right.`,
      );
    }
    bytes += size;
    for (const tool of page.tools) {
      if (tools.has(tool.name)) {
        problems.push({
          code: "mcp_duplicate_tool",
          tool: tool.name,
          message: "Listed twice; the first one counts.",
        });
      } else tools.set(tool.name, tool);
      if (tools.size > limits.maxTools) {
        throw new DiscoveryError(
          "mcp_list_too_large",
          `The server lists more than ${limits.maxTools} tools. Raise maxToolsPerServer if that is right.`,
        );
      }
    }
    if (page.problems !== undefined) problems.push(...page.problems);
    if (page.ttlMs === undefined) unhinted = true;
    else ttlMs = Math.min(ttlMs ?? Number.POSITIVE_INFINITY, page.ttlMs);
    if (page.cacheScope !== undefined) scopes++;
    if (page.cacheScope !== "public") isPublic = false;

    if (page.nextCursor === undefined || page.nextCursor === "") break;
    if (cursors.has(page.nextCursor)) {
      problems.push({
        code: "mcp_cursor_repeated",
        message:
          "The server handed out a page cursor twice; its list was read up to there and may be incomplete.",
      });
      break;
    }
    cursors.add(page.nextCursor);
    cursor = page.nextCursor;
  }

  return {
    tools: [...tools.values()],
    // A page without a hint next to pages with one has promised nothing.
    ttlMs: ttlMs !== undefined && unhinted ? 0 : ttlMs,
    cacheScope: scopes === 0 ? undefined : isPublic ? "public" : "private",
    problems,
  };
}
