import { type Node, parseSync, visitorKeys } from "oxc-parser";

/** What a source file imports and what of the surrounding world it uses. */
export interface SourceFacts {
  readonly imports: readonly string[];
  /** Clocks, timers and randomness, as they are written: `Date.now`, `setTimeout`. */
  readonly ambient: readonly string[];
  /** `async`, `await`, `Promise` and the like. */
  readonly promises: readonly string[];
}

const ambientNames = new Set([
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame"],
  ...["performance", "crypto", "process"],
]);
const ambientMembers = new Set(["Date.now", "Math.random"]);
const promiseNames = new Set(["Promise", "PromiseLike", "AsyncIterable", "AsyncGenerator", "AsyncIterator"]);

/** Reads the syntax tree, so neither a comment nor a string can hide or feign anything. */
export function readSource(path: string, text: string): SourceFacts {
  const { program, errors } = parseSync(path, text, { lang: "ts", sourceType: "module" });
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const imports: string[] = [];
  const ambient: string[] = [];
  const promises: string[] = [];

  const look = (node: Node, parent: Node | undefined, key: string): void => {
    const source = "source" in node ? node.source : undefined;
    if (isNode(source) && source.type === "Literal" && typeof source.value === "string")
      imports.push(source.value);

    if (node.type === "Identifier" && !isName(parent, key)) {
      if (ambientNames.has(node.name)) ambient.push(node.name);
      if (promiseNames.has(node.name)) promises.push(node.name);
    }
    if (node.type === "MemberExpression") {
      const { object, property } = node;
      if (object.type === "Identifier" && property.type === "Identifier") {
        const written = `${object.name}.${property.name}`;
        if (ambientMembers.has(written)) ambient.push(written);
      }
    }
    const isCall = node.type === "NewExpression" || node.type === "CallExpression";
    if (isCall && node.callee.type === "Identifier" && node.callee.name === "Date") {
      if (node.type === "CallExpression") ambient.push("Date()");
      else if (node.arguments.length === 0) ambient.push("new Date()");
    }
    if ("async" in node && node.async === true) promises.push("async");
    if (node.type === "AwaitExpression") promises.push("await");
    if (node.type === "ForOfStatement" && node.await) promises.push("for await");
  };
  walk(program, undefined, "", look);
  return { imports, ambient, promises };
}

type Look = (node: Node, parent: Node | undefined, key: string) => void;

function walk(node: Node, parent: Node | undefined, key: string, look: Look): void {
  look(node, parent, key);
  for (const childKey of visitorKeys[node.type] ?? []) {
    const child = (node as unknown as Record<string, unknown>)[childKey];
    for (const each of Array.isArray(child) ? child : [child])
      if (isNode(each)) walk(each, node, childKey, look);
  }
}

/** True for an identifier that is only the name of a member, and refers to nothing. */
function isName(parent: Node | undefined, key: string): boolean {
  if (parent === undefined || ("computed" in parent && parent.computed === true)) return false;
  return key === "key" || (parent.type === "MemberExpression" && key === "property");
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
