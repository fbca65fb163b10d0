import {
  canonicalJson,
  type EffectEnvelope,
  type EffectOutcome,
  type Json,
  type LeftMessage,
  mustMatch,
  type OnCrash,
} from "@pawl/core";

/** What the log holds of one effect. */
export interface RecordedEffect {
  /** The command's must-match fields as they were recorded with the outcome. */
  readonly command?: Json;
  readonly outcome?: EffectOutcome;
  /** The last intent; an outcome settles it. */
  readonly intent?: {
    readonly attempt: number;
    readonly nonce: string;
    readonly startBefore: number;
    /** What the attempt is known to have left for the world outside. */
    readonly left?: readonly LeftMessage[];
  };
  /** Steps of a composite body that are done, by step id. */
  readonly steps?: ReadonlyMap<string, Json>;
}

/**
 * What to do with an effect, given what is recorded of it (D11, D12). Decided here and nowhere else:
 *
 *     recorded              command    ->
 *     nothing                          perform
 *     outcome               equal      return
 *     outcome               differs    diverged
 *     outcome, other kind              corrupt
 *     intent only, ask                 ambiguous   (begun, and its end is not known)
 *     intent only, retry               perform     (its hold on the budget stays spent, D13)
 */
export type ReplayDecision =
  | { readonly type: "perform" }
  | { readonly type: "return"; readonly outcome: EffectOutcome }
  | { readonly type: "diverged"; readonly paths: readonly string[] }
  | ({ readonly type: "ambiguous" } & Omit<NonNullable<RecordedEffect["intent"]>, "nonce">)
  | { readonly type: "corrupt"; readonly message: string };

export function decideReplay(
  recorded: RecordedEffect | undefined,
  envelope: EffectEnvelope,
  onCrash: OnCrash,
): ReplayDecision {
  if (recorded === undefined) return { type: "perform" };
  const { outcome, intent } = recorded;
  if (outcome !== undefined) {
    if (outcome.kind !== envelope.command.kind) {
      const message = `Effect ${envelope.effectId} is a ${envelope.command.kind}, its recorded outcome a ${outcome.kind}.`;
      return { type: "corrupt", message };
    }
    const paths =
      recorded.command === undefined ? [] : differingPaths(recorded.command, mustMatch(envelope.command));
    return paths.length === 0 ? { type: "return", outcome } : { type: "diverged", paths };
  }
  if (intent !== undefined && onCrash === "ask") {
    const { nonce: _nonce, ...attempt } = intent;
    return { type: "ambiguous", ...attempt };
  }
  return { type: "perform" };
}

/** JSON Pointers at which two values differ: where, never what, so that an error carries no contents. */
export function differingPaths(a: Json, b: Json, path = ""): readonly string[] {
  if (a === b) return [];
  if (isContainer(a) && isContainer(b) && Array.isArray(a) === Array.isArray(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].sort().flatMap((key) => differingMember(a, b, key, path));
  }
  return canonicalJson(a) === canonicalJson(b) ? [] : [path === "" ? "/" : path];
}

type Container = { readonly [key: string]: Json };

function isContainer(value: Json): value is Container {
  return typeof value === "object" && value !== null;
}

function differingMember(a: Container, b: Container, key: string, path: string): readonly string[] {
  const here = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  // Only own members count: an object without a member "constructor" has one of its prototype's.
  if (!Object.hasOwn(a, key) || !Object.hasOwn(b, key)) return [here];
  return differingPaths(a[key] as Json, b[key] as Json, here);
}
