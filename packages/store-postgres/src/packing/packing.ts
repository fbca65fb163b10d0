// How what is stored often is stored in few bytes: without the names of members, and without what is usual or is said beside it.
//
// K1  Unpacking gives what was packed, byte for byte and in the same order of members: digests and replays are over that (D26).
// K2  What does not fit a packing is kept as it is: a member that nobody knows (ADR 8), another order, another type. So an array is
//     packed, and an object is not.
// K3  Packed rows are read for ever: members are added at the end only, as `optional` ones, and a tag is never given to another variant.
import type { Json } from "@pawl/core";

/** What stands beside a packed value, in columns of its own. */
export interface Beside {
  readonly turnId: string;
  /** Milliseconds since the epoch, of a row of the log. */
  readonly at?: number;
  /** What the model said in the row before, if that is stored with this one. */
  readonly said?: string;
}

export interface Packing {
  /** @returns undefined for a value that does not fit: whoever holds it keeps itself as it is */
  pack(value: unknown, beside: Beside): unknown;
  /** @throws Error for what no packing of this version has made */
  unpack(packed: Json, beside: Beside): Json;
}

/** A member of an object, by its name. A hole, which is null, stands for what need not be written. */
interface Member {
  readonly name: string;
  pack(value: unknown, beside: Beside): unknown;
  /** @returns undefined for a member that was absent */
  unpack(packed: Json, beside: Beside): Json | undefined;
}

export const verbatim: Packing = { pack: (value) => value, unpack: (packed) => packed };

export function required(name: string, packing: Packing = verbatim): Member {
  return { name, pack: packing.pack, unpack: packing.unpack };
}

/** A hole for a member that is absent. */
export function optional(name: string, packing: Packing = verbatim): Member {
  return {
    name,
    pack: (value, beside) =>
      value === undefined ? null : value === null ? undefined : packing.pack(value, beside),
    unpack: (packed, beside) => (packed === null ? undefined : packing.unpack(packed, beside)),
  };
}

type Scalar = string | number | boolean | undefined;

/** A hole for the value that it usually has, or that follows from what stands beside it. */
export function usually(
  name: string,
  usual: Scalar | ((beside: Beside) => Scalar),
  packing: Packing = verbatim,
): Member {
  const of = typeof usual === "function" ? usual : () => usual;
  return {
    name,
    pack: (value, beside) =>
      value === undefined || value === null
        ? undefined
        : value === of(beside)
          ? null
          : packing.pack(value, beside),
    unpack(packed, beside) {
      if (packed !== null) return packing.unpack(packed, beside);
      const value = of(beside);
      if (value === undefined) throw new Error(`Nothing beside it says what "${name}" is.`);
      return value;
    },
  };
}

export function list(item: Packing): Packing {
  return {
    pack(value, beside) {
      if (!Array.isArray(value)) return undefined;
      const packed = value.map((one) => item.pack(one, beside));
      return packed.includes(undefined) ? undefined : packed;
    },
    unpack: (packed, beside) => arrayOf(packed).map((one) => item.unpack(one, beside)),
  };
}

/** One of a few words, by its place among them. */
export function word(...words: readonly string[]): Packing {
  return {
    pack(value) {
      const place = words.indexOf(value as string);
      return place < 0 ? (typeof value === "string" ? value : undefined) : place;
    },
    unpack(packed) {
      const known = typeof packed === "number" ? words[packed] : packed;
      if (typeof known !== "string") throw new Error(`Word ${JSON.stringify(packed)} is not known.`);
      return known;
    },
  };
}

export function object(...members: readonly Member[]): Packing {
  return {
    pack: (value, beside) =>
      isObject(value) ? (packMembers(value, members, [], beside) ?? value) : undefined,
    unpack: (packed, beside) =>
      Array.isArray(packed) ? unpackMembers(packed, 0, {}, members, beside) : packed,
  };
}

interface Variant {
  /** What the member that tells variants apart says. */
  readonly says: string | boolean;
  readonly members: readonly Member[];
}

export function variant(says: string | boolean, ...members: readonly Member[]): Variant {
  return { says, members };
}

/** A union by its first member, `key`. Variants by their tags. */
export function union(key: string, variants: { readonly [tag: number]: Variant }): Packing {
  const tagged = new Map(
    Object.entries(variants).map(([tag, { says, members }]) => [
      says,
      { tag: Number(tag), members: [required(key), ...members] },
    ]),
  );
  return {
    pack(value, beside) {
      if (!isObject(value)) return undefined;
      const found = tagged.get(value[key] as string);
      if (found === undefined) return value;
      const packed = packMembers(value, found.members, [], beside);
      if (packed === undefined) return value;
      packed[0] = found.tag;
      return packed;
    },
    unpack(packed, beside) {
      if (!Array.isArray(packed)) return packed;
      const found = variants[packed[0] as number];
      if (found === undefined) throw new Error(`A ${key} has the tag ${JSON.stringify(packed[0])}.`);
      return unpackMembers(packed, 1, { [key]: found.says }, found.members, beside);
    },
  };
}

function packMembers(
  value: Readonly<Record<string, unknown>>,
  members: readonly Member[],
  into: unknown[],
  beside: Beside,
): unknown[] | undefined {
  const names = Object.keys(value);
  let met = 0;
  let end = into.length;
  for (const member of members) {
    // JSON has no such members.
    while (met < names.length && value[names[met]!] === undefined) met += 1;
    const isThere = names[met] === member.name;
    if (isThere) met += 1;
    const packed = member.pack(isThere ? value[member.name] : undefined, beside);
    if (packed === undefined) return undefined;
    into.push(packed);
    if (packed !== null) end = into.length;
  }
  while (met < names.length && value[names[met]!] === undefined) met += 1;
  if (met < names.length) return undefined;
  into.length = end;
  return into;
}

function unpackMembers(
  packed: readonly Json[],
  from: number,
  into: Record<string, Json>,
  members: readonly Member[],
  beside: Beside,
): Json {
  if (packed.length - from > members.length) throw new Error("It has more members than are known.");
  for (const [index, member] of members.entries()) {
    const value = member.unpack(packed[from + index] ?? null, beside);
    if (value !== undefined) into[member.name] = value;
  }
  return into;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function arrayOf(packed: Json): readonly Json[] {
  if (!Array.isArray(packed)) throw new Error("It is no list.");
  return packed;
}
