import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface Frame {
  arcp: string;
  id: string;
  type: string;
  session_id?: string;
  trace_id?: string;
  job_id?: string;
  event_seq?: number;
  // A checker reads what it is sent without the help of the code under test.
  payload: Record<string, unknown>;
}

/**
 * A WebSocket client written from RFC 6455 alone, over a plain TCP socket: it can send what a well-behaved library
 * would not, stop reading, and vanish without a closing handshake.
 */
export class RawClient {
  readonly received: Frame[] = [];
  closeCode: number | undefined;
  ended = false;
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #upgraded = false;
  #fragments: Buffer[] = [];
  #listeners = new Set<() => void>();
  #nextId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(url: string): Promise<RawClient> {
    const { hostname, port, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    const client = new RawClient(socket);
    socket.on("data", (chunk) => client.#take(chunk));
    socket.on("close", () => client.#end());
    socket.on("error", () => client.#end());
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const key = randomBytes(16).toString("base64");
    socket.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await client.until(() => client.#upgraded, "the upgrade");
    return client;
  }

  /** Sends an envelope; fields that are left out are filled in, and `undefined` fields are not sent. Gives its id. */
  send(type: string, payload: unknown, fields: Record<string, unknown> = {}): string {
    const id = (fields.id as string | undefined) ?? `raw-${++this.#nextId}`;
    this.sendText(JSON.stringify({ arcp: "1.1", id, type, payload, ...fields }));
    return id;
  }

  sendText(text: string): void {
    this.#write(1, Buffer.from(text, "utf8"));
  }

  sendBinary(bytes: Buffer): void {
    this.#write(2, bytes);
  }

  /** Vanishes: no closing handshake. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Leaves politely. */
  close(): void {
    this.#write(8, Buffer.from([3, 232]));
    this.#socket.end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The first message, seen or still to come, that fits. */
  async waitFor(fits: (frame: Frame) => boolean, what = "a message", timeoutMs = 15_000): Promise<Frame> {
    await this.until(() => this.received.some(fits), what, timeoutMs);
    return this.received.find(fits) as Frame;
  }

  type(type: string, timeoutMs?: number): Promise<Frame> {
    return this.waitFor((frame) => frame.type === type, type, timeoutMs);
  }

  /** Resolves when the condition holds; rejects when the time is over or nothing more can come. */
  until(holds: () => boolean, what: string, timeoutMs = 15_000): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const fail = (why: string) => {
        stop();
        const last = this.received.slice(-3).map((frame) => JSON.stringify(frame).slice(0, 300));
        reject(new Error(`waited for ${what}, but ${why}; last received: ${last.join("\n")}`));
      };
      const look = () => {
        if (holds()) {
          stop();
          resolve();
        } else if (this.ended) {
          fail(`the connection ended (${this.closeCode})`);
        }
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
      this.#listeners.add(look);
      look();
    });
  }

  untilEnded(timeoutMs = 15_000): Promise<void> {
    return this.until(() => this.ended, "the end of the connection", timeoutMs);
  }

  #write(opcode: number, payload: Buffer): void {
    const mask = randomBytes(4);
    const length = payload.length;
    const head =
      length < 126
        ? Buffer.from([0x80 | opcode, 0x80 | length])
        : length < 65_536
          ? Buffer.from([0x80 | opcode, 0x80 | 126, length >> 8, length & 255])
          : Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | 127]), lengthOf(length)]);
    const masked = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) masked[at] = (payload[at] as number) ^ (mask[at & 3] as number);
    this.#socket.write(Buffer.concat([head, mask, masked]));
  }

  #take(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    if (!this.#upgraded) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#upgraded = this.#buffer.subarray(0, end).toString().startsWith("HTTP/1.1 101");
      this.#buffer = this.#buffer.subarray(end + 4);
    }
    while (this.#readFrame());
    this.#notify();
  }

  #readFrame(): boolean {
    const buffer = this.#buffer;
    if (buffer.length < 2) return false;
    const final = ((buffer[0] as number) & 0x80) !== 0;
    const opcode = (buffer[0] as number) & 15;
    let length = (buffer[1] as number) & 127;
    let offset = 2;
    if (length === 126) {
      if (buffer.length < 4) return false;
      length = buffer.readUInt16BE(2);
      offset = 4;
    } else if (length === 127) {
      if (buffer.length < 10) return false;
      length = Number(buffer.readBigUInt64BE(2));
      offset = 10;
    }
    if (buffer.length < offset + length) return false;
    const payload = buffer.subarray(offset, offset + length);
    this.#buffer = buffer.subarray(offset + length);
    if (opcode === 8) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#socket.end();
    } else if (opcode === 9) {
      this.#write(10, Buffer.from(payload));
    } else if (opcode === 0 || opcode === 1) {
      this.#fragments.push(payload);
      if (final) {
        this.received.push(JSON.parse(Buffer.concat(this.#fragments).toString("utf8")) as Frame);
        this.#fragments = [];
      }
    }
    return true;
  }

  #end(): void {
    this.ended = true;
    this.#notify();
  }

  #notify(): void {
    for (const look of [...this.#listeners]) look();
  }
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}
