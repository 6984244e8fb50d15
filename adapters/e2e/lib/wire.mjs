// Engine.IO by hand: HTTP requests on connections of their own, long-polling sessions, WebSockets, and raw upgrades.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import WebSocket from "ws";

const PATIENCE = 5000;
export const SIO = "/socket.io/";
export const EIO = "/engine.io/";
const SEPARATOR = "\x1e";

/**
 * Sends one request on a connection of its own: `{ status, headers, text }`. With `hold`, the body (shorter than the
 * announced length) is left unfinished, and the returned promise has a `request` to finish or destroy.
 */
export function http1(server, method, path, { body, headers = {}, hold, chunked = false, ms = PATIENCE } = {}) {
  let request;
  const promise = new Promise((resolve, reject) => {
    request = http.request(server.url + path, { method, agent: false, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() });
      });
      response.on("error", reject);
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer to ${method} ${path} within ${ms} ms`)), ms);
    // A server may answer and hang up before it has read everything: then the answer counts, not the broken pipe.
    request.on("error", (error) => (request.res ? null : (clearTimeout(timer), reject(error))));
    if (hold !== undefined) {
      request.setHeader("content-length", hold);
      request.write(body);
    } else if (body === undefined) {
      request.end();
    } else {
      if (chunked) request.setHeader("transfer-encoding", "chunked");
      else request.setHeader("content-length", Buffer.byteLength(body));
      request.end(body);
    }
  });
  promise.request = request;
  return promise;
}

/** The answer is the given refusal. */
export function assertRefused({ status, headers, text }, code) {
  const messages = ["Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden", "Unsupported protocol version"];
  assert.equal(status, 400, text);
  assert.match(headers["content-type"] ?? "", /^application\/json/);
  assert.deepEqual(JSON.parse(text), { code, message: messages[code] });
}

/** One long-polling session. */
export class Polling {
  static async open(t, server, { path = SIO } = {}) {
    const response = await http1(server, "GET", `${path}?EIO=4&transport=polling`);
    assert.equal(response.status, 200, response.text);
    assert.equal(response.text[0], "0");
    const session = new Polling();
    Object.assign(session, { server, path, response, handshake: JSON.parse(response.text.slice(1)) });
    session.query = `${path}?EIO=4&transport=polling&sid=${session.handshake.sid}`;
    t?.after(() => session.close());
    return session;
  }

  /** The path and query of an upgrade of this session. */
  get upgradePath() {
    return `${this.path}?EIO=4&transport=websocket&sid=${this.handshake.sid}`;
  }

  get(options) {
    return http1(this.server, "GET", this.query, options);
  }

  post(body, options) {
    return http1(this.server, "POST", this.query, { body, ...options, headers: { "content-type": "text/plain;charset=UTF-8", ...options?.headers } });
  }

  /** A GET that has reached the server and waits there: `{ answer, request }`. */
  async hang() {
    const answer = this.get();
    await once(answer.request, "finish");
    // A round trip behind it; the packet means nothing here and is ignored.
    await this.send("5");
    return { answer, request: answer.request };
  }

  async send(...packets) {
    const response = await this.post(packets.join(SEPARATOR));
    assert.deepEqual([response.status, response.text], [200, "ok"]);
  }

  /** The packets of the next response. */
  async receive() {
    const response = await this.get();
    assert.equal(response.status, 200, response.text);
    return response.text.split(SEPARATOR);
  }

  /** Polls until `count` packets other than noops and pings came; answers pings. */
  async collect(count) {
    const packets = [];
    while (packets.length < count) {
      for (const packet of await this.receive())
        if (packet === "2") await this.send("3");
        else if (packet !== "6") packets.push(packet);
    }
    return packets;
  }

  /** Joins a Socket.IO namespace: `{ id }`, the `auth` event consumed. */
  async join(nsp = "/") {
    const prefix = nsp === "/" ? "" : `${nsp},`;
    await this.send(`40${prefix}`);
    const [reply, auth] = await this.collect(2);
    assert.ok(reply.startsWith(`40${prefix}{`), reply);
    assert.equal(auth, `42${prefix}["auth",{}]`);
    return { id: JSON.parse(reply.slice(2 + prefix.length)).sid };
  }

  /** The session is gone: its id is not known any more. */
  async assertGone() {
    assertRefused(await this.get(), 1);
  }

  /** The session works: it echoes (on the bare Engine.IO path), or answers an event of the joined `/`. */
  async assertAlive() {
    const token = `alive-${Math.random()}`;
    if (this.path === EIO) {
      await this.send(`4${token}`);
      assert.deepEqual(await this.collect(1), [`4${token}`]);
    } else {
      await this.send(`42["message","${token}"]`);
      assert.deepEqual(await this.collect(1), [`42["message-back","${token}"]`]);
    }
  }

  async close() {
    await this.post("1").catch(() => {});
  }
}

/** A WebSocket with a queue of what it received: text as strings, binary as Buffers. */
export class Wire {
  /** `path` with its query; a refusal throws an error that has the HTTP `status` (and `text`). */
  static open(t, server, path, options) {
    const socket = new WebSocket(server.url.replace(/^http/, "ws") + path, { perMessageDeflate: false, handshakeTimeout: PATIENCE, ...options });
    const wire = new Wire(socket);
    t?.after(() => socket.terminate());
    return new Promise((resolve, reject) => {
      socket.once("open", () => resolve(wire));
      socket.once("error", reject);
      socket.once("unexpected-response", (request, response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => reject(Object.assign(new Error(`refused: ${response.statusCode} ${text}`), { status: response.statusCode, text })));
        response.on("error", reject);
      });
    });
  }

  /** A new session over WebSocket, its open packet read into `handshake`. */
  static async session(t, server, { path = SIO, ...options } = {}) {
    const wire = await Wire.open(t, server, `${path}?EIO=4&transport=websocket`, options);
    const open = await wire.next();
    assert.equal(open[0], "0");
    wire.handshake = JSON.parse(open.slice(1));
    wire.path = path;
    return wire;
  }

  #queue = [];
  #waiting = [];

  constructor(socket) {
    this.socket = socket;
    socket.on("message", (data, binary) => this.#push(binary ? data : data.toString()));
    /** `{ code, reason }` once closed. */
    this.closed = new Promise((resolve) =>
      socket.on("close", (code, reason) => {
        this.closing = { code, reason: reason.toString() };
        resolve(this.closing);
        for (const waiter of this.#waiting.splice(0)) waiter.reject(new Error(`closed (${code}) while waiting for a message`));
      }));
    socket.on("error", () => {});
  }

  #push(message) {
    const waiter = this.#waiting.shift();
    if (waiter) waiter.resolve(message);
    else this.#queue.push(message);
  }

  send(...messages) {
    for (const message of messages) this.socket.send(message);
  }

  /** The next message. */
  next(ms = PATIENCE) {
    if (this.#queue.length) return Promise.resolve(this.#queue.shift());
    if (this.closing) return Promise.reject(new Error(`closed (${this.closing.code})`));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((w) => w !== waiter);
        reject(new Error(`no message within ${ms} ms`));
      }, ms);
      const waiter = {
        resolve: (x) => (clearTimeout(timer), resolve(x)),
        reject: (e) => (clearTimeout(timer), reject(e)),
      };
      this.#waiting.push(waiter);
    });
  }

  /** The next `count` messages. */
  async take(count) {
    const messages = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /** Joins a Socket.IO namespace: `{ id }`, the `auth` event consumed. */
  async join(nsp = "/", auth) {
    const prefix = nsp === "/" ? "" : `${nsp},`;
    this.send(`40${prefix}${auth ? JSON.stringify(auth) : ""}`);
    const [reply, event] = await this.take(2);
    assert.ok(reply.startsWith(`40${prefix}{`), reply);
    assert.ok(event.startsWith(`42${prefix}["auth"`), event);
    return { id: JSON.parse(reply.slice(2 + prefix.length)).sid };
  }

  /** Sends an event of `/` with an acknowledgement and returns the arguments of the latter, other messages skipped. */
  async ask(id, ...event) {
    this.send(`42${id}${JSON.stringify(event)}`);
    for (;;) {
      const message = await this.next();
      if (typeof message === "string" && message.startsWith(`43${id}[`)) return JSON.parse(message.slice(2 + String(id).length));
    }
  }

  async assertAlive() {
    const token = `alive-${Math.random()}`;
    this.send(this.path === EIO ? `4${token}` : `42["message","${token}"]`);
    assert.equal(await this.next(), this.path === EIO ? `4${token}` : `42["message-back","${token}"]`);
  }

  /** The server closes the connection in time; returns the close code. */
  async assertClosed(ms = 2000) {
    const timeout = new Promise((_, reject) => setTimeout(reject, ms, new Error(`not closed by the server within ${ms} ms`)).unref());
    return (await Promise.race([this.closed, timeout])).code;
  }
}

/** Opens a WebSocket on an existing polling session and moves the session there. */
export async function upgrade(t, session) {
  const wire = await Wire.open(t, session.server, session.upgradePath);
  wire.path = session.path;
  wire.send("2probe");
  assert.equal(await wire.next(), "3probe");
  wire.send("5");
  return wire;
}

/** An upgrade request with exactly these headers: `{ status, headers, upgraded, text, socket }`; hung up on is status 0. */
export function rawUpgrade(server, path, headers, { method = "GET" } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(server.url + path, { method, agent: false, headers });
    const timer = setTimeout(() => request.destroy(new Error(`no answer to the upgrade ${path}`)), PATIENCE);
    request.on("upgrade", (response, socket) => {
      clearTimeout(timer);
      socket.on("error", () => {});
      resolve({ status: response.statusCode, headers: response.headers, upgraded: true, socket });
    });
    request.on("response", (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => (clearTimeout(timer), resolve({ status: response.statusCode, headers: response.headers, upgraded: false, text })));
    });
    request.on("error", (error) => {
      clearTimeout(timer);
      if (/no answer/.test(error.message)) reject(error);
      else resolve({ status: 0, upgraded: false, text: String(error) });
    });
    request.end();
  });
}

/** The headers of a correct upgrade. */
export const UPGRADE_HEADERS = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==",
};
