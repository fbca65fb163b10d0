import type { ToolDefinition } from "@pawl/core";
import type { Reconciliation, Toolbox, ToolContext, ToolInvocation } from "@pawl/core/ports";

/** The tools that a turn has now: a refresh puts others in their place, and calls that are under way keep theirs. */
export class CurrentToolbox implements Toolbox {
  readonly #opened = new Set<Toolbox>();
  #current: Toolbox;

  constructor(first: Toolbox) {
    this.#current = first;
    this.#opened.add(first);
  }

  get definitions(): readonly ToolDefinition[] {
    return this.#current.definitions;
  }

  switchTo(next: Toolbox): void {
    this.#current = next;
    this.#opened.add(next);
  }

  execute(call: ToolInvocation, context: ToolContext) {
    return this.#current.execute(call, context);
  }

  async reconcile(call: ToolInvocation, context: ToolContext): Promise<Reconciliation> {
    return (await this.#current.reconcile?.(call, context)) ?? "unknown";
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened].map((toolbox) => toolbox.close?.()));
  }
}
