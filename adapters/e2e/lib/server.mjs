// Starts the server under test, one process per set of settings, and looks after it: free port, readiness, its log
// when a test fails, and at the end the proof that it still lives, that no session leaked, and that it stops.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { after, afterEach, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

/** True when the suite itself is being checked against the JavaScript server, which differs here and there. */
export const REFERENCE = process.env.REFERENCE === "1";

/** Options of a test whose expectation is ours alone; `why` is what the JavaScript server does instead. */
export const oursOnly = (why) => ({ skip: REFERENCE && `deliberate difference: ${why}` });

/** Options of a test that needs something which may be missing; STRICT=1 makes that a failure. */
export function optional(there, why) {
  if (!there && process.env.STRICT === "1") throw new Error(`STRICT=1: ${why}`);
  return { skip: !there && why };
}

// Whatever ends the tests ends the servers: a runner that loses its patience sends SIGTERM.
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
process.once("SIGTERM", () => process.exit(1));

const SETTINGS = [
  "PORT", "PING_INTERVAL", "PING_TIMEOUT", "UPGRADE_TIMEOUT", "CONNECT_TIMEOUT", "MAX_HTTP_BUFFER_SIZE", "EIO3",
  "TRANSPORTS", "ALLOW_UPGRADES", "PARSER", "RECOVERY", "RECOVERY_MS", "COOKIE", "CORS_ORIGIN", "PER_MESSAGE_DEFLATE",
];

async function freePort() {
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

export class ServerProcess {
  /** Starts the command in `process.env[variable]` and waits until `ready` (a path) is answered with 200. */
  static async start(settings = {}, { variable = "SERVER_CMD", ready = "/healthz" } = {}) {
    const command = process.env[variable];
    assert.ok(command, `set ${variable} to the command that starts the server`);
    for (let attempt = 1; ; attempt++) {
      const server = new ServerProcess(command, await freePort(), settings);
      try {
        await server.#ready(ready);
        return server;
      } catch (error) {
        server.#child.kill("SIGKILL");
        // Somebody may have taken the port in the meantime: once more, with another one.
        if (attempt === 3) throw new Error(`${error.message}\n${server.log()}`);
      }
    }
  }

  #child;
  #log = "";

  constructor(command, port, settings) {
    const env = { ...process.env };
    for (const name of SETTINGS) delete env[name];
    for (const [name, value] of Object.entries(settings)) env[name] = String(value);
    env.PORT = String(port);
    const [program, ...args] = command.split(/\s+/).filter(Boolean);
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.#child);
    this.#child.on("exit", () => running.delete(this.#child));
    this.#child.on("error", (error) => (this.#log += `${error}\n`));
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on("data", (data) => (this.#log = (this.#log + data).slice(-20_000)));
  }

  async #ready(path) {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(10)) {
      if (!this.alive()) throw new Error(`the server ended at once: ${this.#ending()}`);
      const response = await fetch(this.url + path).catch(() => null);
      await response?.arrayBuffer();
      if (response?.ok) return;
    }
    throw new Error(`the server did not answer ${path} within 10 s`);
  }

  alive() {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What the server printed so far (its last 20,000 characters). */
  log() {
    return this.#log;
  }

  async stats() {
    const response = await fetch(`${this.url}/stats`, { headers: { connection: "close" } });
    assert.equal(response.status, 200);
    return response.json();
  }

  /** Waits until `/stats` agrees with `expected`, and fails with the last answer when it does not in time. */
  async statsBecome(expected, ms = 3000) {
    let last;
    for (const deadline = Date.now() + ms; ; await sleep(15)) {
      last = await this.stats();
      // A server that cannot know a number says null.
      if (Object.entries(expected).every(([name, n]) => last[name] === n || last[name] === null)) return;
      if (Date.now() > deadline) break;
    }
    assert.fail(`/stats should become ${JSON.stringify(expected)}, is ${JSON.stringify(last)}`);
  }

  /** Everybody has left. */
  async empty(ms) {
    await this.statsBecome({ sockets: 0, sessions: 0, engineSessions: 0 }, ms);
  }

  /** SIGTERM must end it, and nothing may have ended it before. */
  async stop() {
    const ended = this.alive() ? null : this.#ending();
    if (!ended) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), 3000);
      await exit;
      clearTimeout(timer);
    }
    assert.equal(ended, null, `the server ended before it was asked to\n${this.#log}`);
    assert.notEqual(this.#child.signalCode, "SIGKILL", "SIGTERM did not end the server within 3 s");
  }

  #ending() {
    return `exit code ${this.#child.exitCode}, signal ${this.#child.signalCode}`;
  }
}

/**
 * A server for the suite this is called in. Returns an object that answers like a `ServerProcess` once the tests run.
 * Within `patience` ms of the last test it must have no session left.
 */
export function useServer(settings = {}, { patience = 3000 } = {}) {
  let server;
  before(async () => {
    server = await ServerProcess.start(settings);
  });
  afterEach((test) => {
    if (test?.passed === false && server?.log()) console.error(`--- server, during "${test.name}":\n${server.log()}---`);
  });
  after(async () => {
    try {
      await server?.empty(patience);
    } finally {
      await server?.stop();
    }
  });
  return new Proxy({}, {
    get: (_, name) => (typeof server[name] === "function" ? server[name].bind(server) : server[name]),
  });
}
