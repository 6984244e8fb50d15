// HTTP and WebSocket frames byte by byte, for what no library would send.
import { once } from "node:events";
import net from "node:net";
import { UPGRADE_HEADERS } from "./wire.mjs";

const PATIENCE = 5000;

/** A TCP connection and what came on it. */
export class Tcp {
  received = Buffer.alloc(0);
  ended = false;

  static async connect(t, server) {
    const tcp = new Tcp();
    tcp.socket = net.connect(server.port, "127.0.0.1");
    tcp.socket.setNoDelay(true);
    tcp.socket.on("data", (data) => (tcp.received = Buffer.concat([tcp.received, data])) && tcp.#changed());
    tcp.socket.on("error", () => {});
    tcp.socket.on("close", () => (tcp.ended = true) && tcp.#changed());
    t.after(() => tcp.socket.destroy());
    await once(tcp.socket, "connect");
    return tcp;
  }

  #changed = () => {};

  write(...parts) {
    for (const part of parts) this.socket.write(part);
  }

  /** Waits until `find(this)` returns something; when the connection ends first, that is undefined. */
  async until(find, ms = PATIENCE) {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = find(this);
      if (found !== undefined || this.ended) return found;
      await new Promise((resolve, reject) => {
        const timer = setTimeout(reject, deadline - Date.now(), new Error(`not within ${ms} ms; came: ${JSON.stringify(this.received.toString("latin1").slice(-500))}`));
        this.#changed = () => (clearTimeout(timer), resolve());
      });
    }
  }

  /** The next HTTP response, taken from what was received: `{ status, head, body }`; undefined if the connection ended instead. */
  response({ method = "GET" } = {}) {
    return this.until(() => {
      const end = this.received.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      const head = this.received.toString("latin1", 0, end);
      const status = Number(head.split(" ")[1]);
      const length = method === "HEAD" || status === 101 ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (this.received.length < end + 4 + length) return undefined;
      const body = this.received.toString("utf8", end + 4, end + 4 + length);
      this.received = this.received.subarray(end + 4 + length);
      return { status, head, body };
    });
  }

  /** Waits until the server has hung up. */
  async hungUp(ms = PATIENCE) {
    await this.until(() => undefined, ms);
  }

  /** Becomes a WebSocket; returns the status. */
  async upgrade(path) {
    const headers = Object.entries({ Host: "x", ...UPGRADE_HEADERS }).map((h) => `${h.join(": ")}\r\n`);
    this.write(`GET ${path} HTTP/1.1\r\n${headers.join("")}\r\n`);
    return (await this.response()).status;
  }

  /** The next WebSocket frame: `{ first, payload }`, the first byte as it came; undefined if the connection ended instead. */
  frame() {
    return this.until(() => {
      const { received } = this;
      if (received.length < 2) return undefined;
      const short = received[1] & 127;
      const begin = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (received.length < begin) return undefined;
      const length = short < 126 ? short : short === 126 ? received.readUInt16BE(2) : Number(received.readBigUInt64BE(2));
      if (received.length < begin + length) return undefined;
      const frame = { first: received[0], payload: received.subarray(begin, begin + length) };
      this.received = received.subarray(begin + length);
      return frame;
    });
  }
}

/** A client's frame; `first` is its first byte (0x81: a whole text), `length` may lie. */
export function frame(first, payload, { masked = true, length } = {}) {
  const data = Buffer.from(payload);
  const size = length ?? data.length;
  const bit = masked ? 128 : 0;
  const head = size < 126 ? [first, bit | size] : size < 65536 ? [first, bit | 126, size >> 8, size & 255] : [first, bit | 127, ...bigEndian(size)];
  if (!masked) return Buffer.concat([Buffer.from(head), data]);
  const mask = [1, 2, 3, 4];
  return Buffer.concat([Buffer.from([...head, ...mask]), data.map((byte, i) => byte ^ mask[i % 4])]);
}

function bigEndian(size) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(size));
  return bytes;
}
