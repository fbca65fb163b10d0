import { resolve } from "node:path";
import { z } from "zod";
import { parseSigningKeys } from "../signing-keys.ts";
import { parseLifetime } from "../tokens/parse-lifetime.ts";

/** One thing that can be configured: by a flag of the command line, else by a variable, else by its default. */
export interface Variable {
  readonly name: string;
  /** The long flag without its dashes; absent where the command line is no place for it. */
  readonly flag?: string;
  /** What people read. */
  readonly help: string;
  /** What of the value may be shown: all, all but the password of an address, or nothing. */
  readonly show: "value" | "address" | "never";
  /** What holds where no value is set. */
  readonly otherwise: string;
  /** `otherwise` is a value of this variable and not a description. */
  readonly literal?: true;
}

export const VARIABLES = [
  {
    name: "PAWL_PORT",
    flag: "port",
    help: "port to listen on; 0 takes a free one",
    show: "value",
    otherwise: "4380",
    literal: true,
  },
  { name: "PAWL_HOST", flag: "host", help: "address to listen on", show: "value", otherwise: "127.0.0.1" },
  {
    name: "PAWL_PUBLIC_URL",
    help: "where people reach this server, such as https://x.io/pawl: links begin with it",
    show: "address",
    otherwise: "where it listens",
  },
  {
    name: "PAWL_DATA_DIR",
    flag: "data-dir",
    help: "folder for the database, the token and what a running server says of itself",
    show: "value",
    otherwise: ".pawl",
    literal: true,
  },
  {
    name: "PAWL_CONFIG",
    flag: "config",
    help: "file with your agents, tools, store and model; it is a program and is run",
    show: "value",
    otherwise: "pawl.config.ts here or above, if there is one",
  },
  {
    name: "PAWL_TOKEN",
    help: "token that clients send; without it one is made and kept in <data folder>/token",
    show: "never",
    otherwise: "in <data folder>/token",
  },
  {
    name: "PAWL_SECRET",
    help: "keys that sign, as id:base64,id:base64 (the first signs, all verify); without it one is made and kept in the database",
    show: "never",
    otherwise: "in the database",
  },
  {
    name: "DATABASE_URL",
    help: "a PostgreSQL of your own; without it one is started in the data folder",
    show: "address",
    otherwise: "a PostgreSQL in the data folder",
  },
  {
    name: "PAWL_MODEL",
    flag: "model",
    help: "default model, such as openai/<id> or anthropic/<id>",
    show: "value",
    otherwise: "chosen by the keys that are set",
  },
  {
    name: "PAWL_MODEL_BASE_URL",
    help: "address of an OpenAI-compatible server",
    show: "address",
    otherwise: "none",
  },
  {
    name: "PAWL_MODEL_API_KEY",
    help: "key for the server at PAWL_MODEL_BASE_URL",
    show: "never",
    otherwise: "none",
  },
  {
    name: "PAWL_MODEL_PRICE",
    help: "what the model costs, as INPUT/OUTPUT in US dollars per million tokens",
    show: "value",
    otherwise: "not known",
  },
  { name: "OPENAI_API_KEY", help: "key for openai/ models", show: "never", otherwise: "none" },
  {
    name: "OPENAI_BASE_URL",
    help: "another server for openai/ models",
    show: "address",
    otherwise: "OpenAI's own",
  },
  { name: "ANTHROPIC_API_KEY", help: "key for anthropic/ models", show: "never", otherwise: "none" },
  {
    name: "ANTHROPIC_BASE_URL",
    help: "another server for anthropic/ models",
    show: "address",
    otherwise: "Anthropic's own",
  },
  {
    name: "PAWL_ALLOW_MCP_COMMANDS",
    help: "1: requests may start MCP servers by command even when the server listens beyond this machine",
    show: "value",
    otherwise: "0",
    literal: true,
  },
  {
    name: "PAWL_LOG_LEVEL",
    flag: "log-level",
    help: "debug, info, warn, error or silent",
    show: "value",
    otherwise: "info",
  },
  {
    name: "PAWL_LOG_FORMAT",
    flag: "log-format",
    help: "json, or pretty for people",
    show: "value",
    otherwise: "pretty on a terminal, else json",
  },
  {
    name: "PAWL_CORS_ORIGINS",
    help: "origins whose pages may use the API, as https://a.example,https://b.example; or * for all",
    show: "value",
    otherwise: "none",
  },
  {
    name: "PAWL_MAX_REQUESTS_PER_MINUTE",
    help: "requests that a principal may make in a minute; 0: as many as it likes",
    show: "value",
    otherwise: "6000",
  },
  {
    name: "PAWL_MAX_SUBMITS_PER_MINUTE",
    help: "jobs that a principal may submit over ARCP in a minute; 0: as many as it likes",
    show: "value",
    otherwise: "300000",
  },
  {
    name: "PAWL_MAX_SESSIONS",
    help: "sessions that a principal may have; 0: as many as it likes",
    show: "value",
    otherwise: "10000",
  },
  {
    name: "PAWL_MAX_OPEN_TURNS",
    help: "turns and waiting inputs that a principal may have open at once; 0: as many as it likes",
    show: "value",
    otherwise: "1000",
  },
  {
    name: "PAWL_MAX_STREAMS",
    help: "event streams that a principal may have open at once on one server; 0: as many as it likes",
    show: "value",
    otherwise: "200",
  },
  {
    name: "PAWL_KEEP_JOBS",
    help: "how long ended ARCP jobs and their keys, nodes that are gone and dead tokens are kept, such as 12h or 90d; 0: for ever",
    show: "value",
    otherwise: "30d",
  },
] as const satisfies readonly Variable[];

export type VariableName = (typeof VARIABLES)[number]["name"];

/** Values as text, from wherever they came. */
export type Values = { readonly [Name in VariableName]?: string };

const flag = z
  .enum(["0", "1", "true", "false"], { error: "must be 0 or 1" })
  .transform((text) => text === "1" || text === "true");

const amount = z
  .string()
  .regex(/^\d{1,9}$/, "must be a whole number, or 0 for no limit")
  .transform(Number)
  .optional();

const origins = z
  .string()
  .transform((text) => text.split(",").map((origin) => origin.trim()))
  .refine(
    (all) =>
      all.every((origin) => origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin)),
    "must be origins such as https://app.example, with commas between them and no path, or *",
  )
  .optional();

function address(protocols: readonly string[], example: string) {
  const message = `must be an address such as ${example}`;
  return z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), message);
}

/** What the values must be. The messages name no value: it may be a secret that slipped into the wrong variable. */
export const valuesSchema = z.object({
  PAWL_PORT: z
    .string()
    .regex(/^\d{1,5}$/, "must be a port number from 0 to 65535")
    .transform(Number)
    .refine((port) => port <= 65_535, "must be a port number from 0 to 65535")
    .default(4380),
  PAWL_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:%_-]+$/, "must be an address or host name, such as 127.0.0.1 or 0.0.0.0")
    .default("127.0.0.1"),
  PAWL_DATA_DIR: z
    .string()
    .refine((path) => !path.includes("\0"), "must be a path")
    .default(".pawl")
    .transform((path) => resolve(path)),
  PAWL_CONFIG: z
    .string()
    .refine((path) => !path.includes("\0"), "must be a path")
    .optional(),
  PAWL_TOKEN: z
    .string()
    .regex(
      /^[\x21-\x7e]{16,512}$/,
      "must have 16 to 512 printable characters without spaces; `openssl rand -hex 32` makes a good one",
    )
    .optional(),
  PAWL_SECRET: z
    .string()
    .transform((text, context) => {
      const keys = parseSigningKeys(text);
      if (typeof keys !== "string") return keys;
      context.addIssue({ code: "custom", message: keys });
      return z.NEVER;
    })
    .optional(),
  PAWL_PUBLIC_URL: address(["http:", "https:"], "https://x.io/pawl").optional(),
  DATABASE_URL: address(
    ["postgres:", "postgresql:"],
    "postgres://user:password@host:5432/database",
  ).optional(),
  PAWL_MODEL: z.string().max(200, "must have at most 200 characters").optional(),
  PAWL_MODEL_BASE_URL: address(["http:", "https:"], "https://host/v1").optional(),
  PAWL_MODEL_API_KEY: z.string().optional(),
  PAWL_MODEL_PRICE: z.string().optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: address(["http:", "https:"], "https://host/v1").optional(),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: address(["http:", "https:"], "https://host/v1").optional(),
  PAWL_ALLOW_MCP_COMMANDS: flag.default(false),
  PAWL_LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"], {
      error: "must be debug, info, warn, error or silent",
    })
    .default("info"),
  PAWL_LOG_FORMAT: z.enum(["json", "pretty"], { error: "must be json or pretty" }).optional(),
  PAWL_CORS_ORIGINS: origins,
  PAWL_MAX_REQUESTS_PER_MINUTE: amount,
  PAWL_MAX_SUBMITS_PER_MINUTE: amount,
  PAWL_MAX_SESSIONS: amount,
  PAWL_MAX_OPEN_TURNS: amount,
  PAWL_MAX_STREAMS: amount,
  PAWL_KEEP_JOBS: z
    .string()
    .refine(
      (text) => text === "0" || parseLifetime(text) !== undefined,
      "must be a time such as 12h or 90d, or 0 for ever",
    )
    .transform((text) => parseLifetime(text) ?? 0)
    .optional(),
});
