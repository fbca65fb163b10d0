import type { Transport, TransportHandlers } from "./transport.ts";

/**
 * Two transports that are each other's peer, for a client and a runtime in one process. Frames arrive in later
 * microtasks, in order; `waiting` counts what the other side has not taken yet, so backpressure is the same as
 * with a socket.
 */
export function memoryTransportPair(): [Transport, Transport] {
  const left = new MemoryTransport();
  const right = new MemoryTransport();
  left.connect(right);
  right.connect(left);
  return [left, right];
}

class MemoryTransport implements Transport {
  #peer: MemoryTransport | undefined;
  #handlers: TransportHandlers | undefined;
  #inbox: string[] = [];
  #inboxSize = 0;
  #scheduled = false;
  #paused = false;
  #closed = false;
  #owesDrain = false;

  connect(peer: MemoryTransport): void {
    this.#peer = peer;
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    this.#schedule();
  }

  get waiting(): number {
    return this.#peer?.backlog() ?? 0;
  }

  send(frame: string): void {
    if (!this.#closed) this.#peer?.arrive(frame);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  close(code = 1000, reason = ""): void {
    if (this.#closed) return;
    this.#end(code, reason);
    this.#peer?.closedByPeer(code, reason);
  }

  private backlog(): number {
    if (this.#inboxSize > 0) this.#owesDrain = true;
    return this.#inboxSize;
  }

  private arrive(frame: string): void {
    if (this.#closed) return;
    this.#inbox.push(frame);
    this.#inboxSize += frame.length;
    this.#schedule();
  }

  private closedByPeer(code: number, reason: string): void {
    // What was sent before the end is still delivered, as a socket would.
    queueMicrotask(() => {
      this.#deliver();
      this.#end(code, reason);
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#handlers === undefined || this.#inbox.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (handlers === undefined) return;
    let at = 0;
    while (at < this.#inbox.length && !this.#paused && !this.#closed) {
      const frame = this.#inbox[at++] as string;
      this.#inboxSize -= frame.length;
      handlers.frame(frame);
    }
    this.#inbox = at === this.#inbox.length ? [] : this.#inbox.slice(at);
    if (this.#owesDrain && this.#inboxSize === 0) {
      this.#owesDrain = false;
      this.#peer?.drained();
    }
  }

  private drained(): void {
    if (!this.#closed) this.#handlers?.drain();
  }

  #end(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox = [];
    this.#inboxSize = 0;
    this.#handlers?.closed({ code, reason });
  }
}
