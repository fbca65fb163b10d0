import { en } from "zod/locales";
import * as z from "zod/mini";
import { PawlError } from "../errors.ts";
import type { CallId } from "../ids.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Decode, DecodeVersioned } from "./decode.ts";

/** A decoder of a shape that carries its version beside it, in a column or a file's head. */
export function versionedDecoder<T>(
  shape: string,
  newest: number,
  versions: { readonly [version: number]: z.ZodMiniType<T> },
): DecodeVersioned<T> {
  return (value, version = newest) => {
    const schema = versions[version];
    if (schema === undefined) throw unknownVersion(shape, version, newest);
    return parse(shape, schema, value);
  };
}

/** A decoder of a shape that names its version in its member `version`. */
export function selfVersionedDecoder<T>(
  shape: string,
  newest: number,
  versions: { readonly [version: number]: z.ZodMiniType<T> },
): Decode<T> {
  const decode = versionedDecoder(shape, newest, versions);
  return (value) => {
    const claimed = typeof value === "object" && value !== null && "version" in value ? value.version : 0;
    return decode(value, typeof claimed === "number" ? claimed : 0);
  };
}

// The small zod has no words of its own.
const IN_WORDS = { error: en().localeError };

export function parse<T>(shape: string, schema: z.ZodMiniType<T>, value: unknown): T {
  const result = schema.safeParse(value, IN_WORDS);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? [])
    .map((p) => `/${String(p).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
  throw new PawlError(
    "decode_failed",
    `A stored ${shape} cannot be read at "${path}": ${issue?.message ?? "it has another shape"}. It was damaged, or written by other software.`,
    { blame: "infrastructure", details: { shape, path } },
  );
}

function unknownVersion(shape: string, version: number, newest: number): PawlError {
  const message =
    Number.isInteger(version) && version > newest
      ? `A stored ${shape} has version ${version} and this node reads up to ${newest}. Upgrade this node.`
      : `A stored ${shape} has no version that exists. It was damaged, or written by other software.`;
  return new PawlError("decode_failed", message, {
    blame: "infrastructure",
    details: { shape, path: "/version", version },
  });
}

type Variant<T, Key extends keyof T, Value> = T extends unknown ? (Value extends T[Key] ? T : never) : never;

/** A union by `key` with one schema per variant: a variant without a decoder does not compile. */
export function unionBy<T>() {
  return <Key extends keyof T & string>(
    key: Key,
    variants: { readonly [Value in T[Key] & string]: z.ZodMiniType<Variant<T, Key, Value>> },
  ): z.ZodMiniType<T> => {
    const options = [...new Set<z.ZodMiniType>(Object.values(variants))];
    return z.discriminatedUnion(key, options as never) as unknown as z.ZodMiniType<T>;
  };
}

/** Values come from JSON text, so that only what is absent is no JSON. */
export const json: z.ZodMiniType<Json> = z.custom<Json>((value) => value !== undefined, "is missing");
export const jsonObject: z.ZodMiniType<JsonObject> = z.record(z.string(), json);

/** A stored id was checked when it was made. */
export function storedId<Id extends string>(): z.ZodMiniType<Id> {
  return z.string().check(z.minLength(1)) as unknown as z.ZodMiniType<Id>;
}

/** Models make up the ids of their calls; the raw answer keeps what they said, blank ids too. */
export const callId = z.string() as unknown as z.ZodMiniType<CallId>;

/** Counts, ordinals and milliseconds since the epoch. */
export const count = z.int().check(z.gte(0));
