import type { Json } from "@pawl/core";
import { escapeHtml } from "./html.ts";

/** Names and values as a list; values are HTML, absent ones are left out. */
export function factsList(rows: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`<dt>${name}</dt><dd>${value}</dd>`],
  );
  return `<dl>\n${shown.join("\n")}\n</dl>`;
}

export function jsonBlock(value: Json): string {
  return `<pre>${escapeHtml(prettyJson(value))}</pre>`;
}

export function prettyJson(value: Json): string {
  return JSON.stringify(value, null, 2);
}

/** Milliseconds since the epoch as people read them. */
export function timeOf(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "never";
  const iso = date.toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 16).replace("T", " ")} UTC</time>`;
}
