import { PawlError } from "@pawl/core";
import { z } from "zod";
import { createAddressPolicy } from "../egress/address-policy.ts";
import { parseCommandLine } from "./command-line.ts";
import { nameOfCommand, nameOfUrl, sanitizeServerName } from "./server-name.ts";

const milliseconds = z.number().int().nonnegative();

const common = {
  /** Qualifies the tools' names; made from the command or the address when absent. */
  name: z.string().min(1).optional(),
  /**
   * The host vouches for this server: its hints decide whether a call may be repeated after a crash. Without it every
   * call that was begun and not answered is asked about (rule D12).
   */
  trusted: z.boolean().optional(),
  /** Opening a toolbox fails while this server cannot be reached; otherwise its tools are missing and reported. */
  required: z.boolean().optional(),
  /** How long its list of tools is fresh, unless the server itself says so. */
  ttlMs: milliseconds.optional(),
  policy: z.enum(["auto", "swr", "strict"]).optional(),
  connectTimeoutMs: milliseconds.optional(),
  /** Longest silence in a call: a server that reports progress is given the same again. */
  callTimeoutMs: milliseconds.optional(),
};

const stdioSchema = z.strictObject({
  ...common,
  /** A whole command line, or a program when `args` is given. */
  command: z.string().min(1),
  args: z.array(z.string()).optional(),
  /** Added to the minimal environment. */
  env: z.record(z.string(), z.string()).optional(),
  /** Names of variables of the host's own environment that are handed on. */
  inheritEnv: z.array(z.string()).optional(),
  cwd: z.string().optional(),
});

const httpSchema = z.strictObject({
  ...common,
  url: z.string().min(1),
  /** Sent with every request; for what does not change. Credentials belong to the auth provider. */
  headers: z.record(z.string(), z.string()).optional(),
  auth: z
    .strictObject({ mode: z.enum(["none", "api_key", "oauth"]), providerId: z.string().optional() })
    .optional(),
  /** Addresses (CIDR or single) and host names that this server may live at although they are not public. */
  allow: z.array(z.string()).optional(),
});

export type StdioServerInput = z.input<typeof stdioSchema>;
export type HttpServerInput = z.input<typeof httpSchema>;
/** A server as users write it: a command line, an address, or either with options. */
export type McpServerInput = string | StdioServerInput | HttpServerInput;

interface CommonConfig {
  /** Sanitised, and unique among the servers of one provider. */
  readonly name: string;
  readonly trusted: boolean;
  readonly required: boolean;
  readonly ttlMs: number | undefined;
  readonly policy: "auto" | "swr" | "strict" | undefined;
  readonly connectTimeoutMs: number;
  readonly callTimeoutMs: number;
}

export interface StdioServerConfig extends CommonConfig {
  readonly kind: "stdio";
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly inheritEnv: readonly string[];
  readonly cwd: string | undefined;
}

export interface HttpServerConfig extends CommonConfig {
  readonly kind: "http";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: { readonly mode: "none" | "api_key" | "oauth"; readonly providerId?: string | undefined };
  readonly allow: readonly string[];
}

export type McpServerConfig = StdioServerConfig | HttpServerConfig;

/** A first `npx -y` downloads the server before it can answer. */
const CONNECT_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 120_000;

/**
 * Reads what users wrote. Names that coincide after sanitising get `-2`, `-3`… in the order given, unless the user chose
 * both: then one of them is a mistake.
 *
 * @throws PawlError `mcp_config_invalid` or `mcp_command_invalid`
 */
export function readServerConfigs(
  inputs: readonly McpServerInput[],
  takenNames: readonly string[] = [],
): readonly McpServerConfig[] {
  const taken = new Map(takenNames.map((name) => [name, true]));
  return inputs.map((input, index) => {
    const config = readServerConfig(input, index);
    const chosen = typeof input !== "string" && input.name !== undefined;
    let { name } = config;
    if (taken.get(name) === true && chosen) {
      throw new PawlError(
        "mcp_config_invalid",
        `Two MCP servers are named "${name}" (after sanitising): give one of them another \`name\`.`,
      );
    }
    for (let n = 2; taken.has(name); n++) name = `${config.name}-${n}`;
    taken.set(name, chosen);
    return { ...config, name };
  });
}

function readServerConfig(input: McpServerInput, index: number): McpServerConfig {
  if (typeof input === "string") {
    const text = input.trim();
    return readServerConfig(/^https?:\/\//i.test(text) ? { url: text } : { command: text }, index);
  }
  if (typeof input !== "object" || input === null) return stdioConfig(check(stdioSchema, input, index));
  if ("url" in input) return httpConfig(check(httpSchema, input, index));
  return stdioConfig(check(stdioSchema, input, index));
}

function check<Schema extends z.ZodType>(schema: Schema, input: unknown, index: number): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new PawlError(
    "mcp_config_invalid",
    `MCP server ${index + 1} is not configured rightly: ${z.prettifyError(parsed.error)}. Give { command } or { url }, and see McpServerInput for the options.`,
  );
}

function commonConfig(
  input: z.output<typeof stdioSchema> | z.output<typeof httpSchema>,
  fallbackName: string,
): CommonConfig {
  return {
    name: input.name === undefined ? fallbackName : sanitizeServerName(input.name),
    trusted: input.trusted ?? false,
    required: input.required ?? false,
    ttlMs: input.ttlMs,
    policy: input.policy,
    connectTimeoutMs: input.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    callTimeoutMs: input.callTimeoutMs ?? CALL_TIMEOUT_MS,
  };
}

function stdioConfig(input: z.output<typeof stdioSchema>): StdioServerConfig {
  const line =
    input.args === undefined
      ? parseCommandLine(input.command)
      : { command: input.command, args: input.args, env: {} };
  return {
    ...commonConfig(input, nameOfCommand(line.command, line.args)),
    kind: "stdio",
    command: line.command,
    args: line.args,
    env: { ...line.env, ...input.env },
    inheritEnv: input.inheritEnv ?? [],
    cwd: input.cwd,
  };
}

function httpConfig(input: z.output<typeof httpSchema>): HttpServerConfig {
  if (!URL.canParse(input.url)) {
    throw new PawlError("mcp_config_invalid", `\`${input.url}\` is not an address: write https://host/path.`);
  }
  const url = new URL(input.url);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new PawlError(
      "mcp_config_invalid",
      `An MCP server's address begins with https://, not ${url.protocol}//.`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new PawlError(
      "mcp_config_invalid",
      `The address of the MCP server at ${url.host} contains a credential: hand it over through the auth provider.`,
    );
  }
  // A mistake in it is a mistake of configuration, to be told now and not when somebody connects.
  createAddressPolicy(input.allow ?? []);
  return {
    ...commonConfig(input, nameOfUrl(url)),
    kind: "http",
    url,
    headers: input.headers ?? {},
    auth: input.auth ?? { mode: "none" },
    allow: input.allow ?? [],
  };
}
