// A server under attack: nobody else is harmed, and nothing is left behind.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { useServer } from "./server.mjs";
import { UPGRADE_HEADERS } from "./wire.mjs";

/** `LONG=1`: ten times as many attackers, and they stay until the server's own deadlines end them. */
export const LONG = process.env.LONG === "1";
/** As many attackers, or ten times that. */
export const many = (count) => (LONG ? 10 * count : count);

const MiB = 2 ** 20;
// How long anybody may wait for anything. It says whether a server answers, not how quickly.
const PATIENCE = LONG ? 20_000 : 10_000;
// An attack is repeated. What the first round leaves behind may be what allocators keep; what each further round adds is a leak.
const ROUNDS = 3;
const MOST_ROUNDS = 8;
const LEAK = 4 * MiB;
// Who is there besides the attackers.
const BYSTANDERS = { sockets: 2, sessions: 2, engineSessions: 1 };

/**
 * A suite of attacks on one server: `attacks` has a function for each, which makes one round of it and leaves nothing open. It is
 * called with the `Victim`. `bound` is how many MiB the server may have grown at any time.
 */
export function underAttack(name, settings, attacks, { bound = 100, patience = PATIENCE } = {}) {
  describe(`${name}, under attack`, { skip: process.platform !== "linux" && "reads /proc" }, () => {
    const server = useServer(settings, { patience });
    const victim = new Victim(server, patience);
    describe("with bystanders", () => {
      before(() => victim.surround());
      after(() => victim.leave());
      for (const [what, round] of Object.entries(attacks)) test(what, (t) => victim.endure(t, round, (LONG ? 10 : 1) * bound * MiB));
    });
  });
}

/** The server, with some clients that mean no harm. */
export class Victim {
  #bystanders;
  #failed;
  #status;
  #level;
  #patience;
  /** Connections that the attackers have. */
  enemies = new Set();

  constructor(server, patience) {
    this.server = server;
    this.#patience = patience;
  }

  async surround() {
    this.#status = `/proc/${(await this.server.stats()).pid}`;
    this.#bystanders = new Worker(new URL("bystander.mjs", import.meta.url), { workerData: { url: this.server.url, patience: PATIENCE } });
    this.#bystanders.on("message", ({ failed }) => (this.#failed ??= failed));
    this.#bystanders.on("error", (error) => (this.#failed ??= String(error)));
    await once(this.#bystanders, "message");
    await this.served();
  }

  async leave() {
    this.#bystanders?.postMessage("stop");
    if (this.#bystanders) await once(this.#bystanders, "exit");
  }

  /** Waits until each bystander was answered some more times, to a question that it asked after this call. */
  async served(times = 3) {
    const [{ answers: first }] = await this.#ask();
    for (const deadline = Date.now() + 2 * PATIENCE; ; await sleep(5)) {
      assert.equal(this.#failed, undefined, this.#failed);
      const [{ answers }] = await this.#ask();
      if (answers.every((n, i) => n > first[i] + times)) return;
      assert.ok(Date.now() < deadline, "the bystanders are not answered any more");
    }
  }

  /** Does something again and again, with pauses of `ms`, until the bystanders were served meanwhile. */
  async whileServed(act, { times = 10, ms = 0 } = {}) {
    let busy = true;
    const acting = (async () => {
      for (; busy; await sleep(ms)) await act();
    })();
    try {
      await this.served(times);
    } finally {
      busy = false;
      await acting;
    }
  }

  async #ask() {
    this.#bystanders.postMessage("how is it?");
    return once(this.#bystanders, "message");
  }

  async #resident() {
    return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`${this.#status}/status`, "utf8"))[1]) * 1024;
  }

  /** As many file descriptors as before, give or take one that somebody is just being given. */
  async #closed() {
    const descriptors = async () => (await readdir(`${this.#status}/fd`)).length;
    this.#level ??= await descriptors();
    let last;
    for (const deadline = Date.now() + this.#patience; (last = await descriptors()) > this.#level + 2; await sleep(20))
      assert.ok(Date.now() < deadline, `${last} file descriptors are open, ${this.#level} were before`);
  }

  /** Rounds of an attack, until the server does not grow any more. */
  async endure(t, round, bound) {
    await this.served();
    await this.#closed();
    const before = await this.#resident();
    let peak = before;
    const levels = [];
    const start = Date.now();
    for (let n = 1; ; n++) {
      let watching = true;
      const watch = (async () => {
        for (; watching; await sleep(10)) peak = Math.max(peak, await this.#resident());
      })();
      try {
        await round(this, t);
      } finally {
        watching = false;
        await watch;
        for (const enemy of this.enemies) enemy.socket.destroy();
      }
      await this.served();
      await this.server.statsBecome(BYSTANDERS, this.#patience);
      await this.#closed();
      levels.push(await this.#resident());
      if (n >= ROUNDS && levels[n - 1] - levels[n - 2] < LEAK) break;
      assert.ok(n < MOST_ROUNDS, `it grows with each round: ${levels.map((level) => `${(level / MiB).toFixed(1)} MiB`)}`);
    }
    const mib = (bytes) => (bytes / MiB).toFixed(1);
    const [{ slowest }] = await this.#ask();
    t.diagnostic(`MiB before ${mib(before)}, peak ${mib(peak)}, after each round ${levels.map(mib).join(", ")}; ${Date.now() - start} ms; slowest answers so far ${slowest.map(Math.round)} ms`);
    assert.ok(peak - before < bound, `it grew by ${mib(peak - before)} MiB`);
    assert.doesNotMatch(this.server.log(), /panicked/);
  }
}

/** A connection of an attacker, from one of many addresses: its ports do not run out. */
export async function attacker(victim, { read = true } = {}) {
  const socket = net.connect({ port: victim.server.port, host: "127.0.0.1", localAddress: `127.0.0.${2 + Math.floor(Math.random() * 200)}` });
  const enemy = new Attacker(socket);
  socket.setNoDelay(true);
  socket.on("error", () => {});
  victim.enemies.add(enemy);
  socket.on("close", () => (enemy.gone = true) && victim.enemies.delete(enemy));
  if (read) socket.on("data", (data) => enemy.take(data));
  else socket.pause();
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("close", () => reject(new Error("the server does not accept connections any more")));
  });
  return enemy;
}

class Attacker {
  gone = false;
  /** The end of what came, as latin1. */
  heard = "";
  heardBytes = 0;
  #waiting;

  constructor(socket) {
    this.socket = socket;
  }

  take(data) {
    this.heardBytes += data.length;
    this.heard = (this.heard + data.toString("latin1")).slice(-100_000);
    this.#waiting?.();
  }

  /** Writes, and waits until it is on its way; says whether there is a point in going on. A peer that reads nothing is waited for `ms`. */
  async send(bytes, ms = PATIENCE) {
    if (this.gone) return false;
    if (this.socket.write(bytes, typeof bytes === "string" ? "latin1" : undefined)) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(false), ms);
      const settle = (drained) => {
        clearTimeout(timer);
        this.socket.off("drain", yes);
        this.socket.off("close", no);
        resolve(drained);
      };
      const [yes, no] = [() => settle(true), () => settle(false)];
      this.socket.once("drain", yes);
      this.socket.once("close", no);
    });
  }

  /** Waits until `pattern` was heard; false if the connection ended before. */
  async hears(pattern, ms = PATIENCE) {
    for (const deadline = Date.now() + ms; ; ) {
      const match = pattern.exec(this.heard);
      if (match || this.gone) return match;
      assert.ok(Date.now() < deadline, `not heard within ${ms} ms: ${pattern}; but ${JSON.stringify(this.heard.slice(-300))}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting = () => (clearTimeout(timer), resolve());
      });
    }
  }

  /** Waits until `pattern` was heard, the connection ended, or `ms` have passed. */
  async listen(pattern, ms = 200) {
    for (const deadline = Date.now() + ms; Date.now() < deadline && !this.gone && !pattern.test(this.heard); ) await sleep(5);
  }

  /** Waits until the server has hung up. */
  async hungUp(ms = PATIENCE) {
    for (const deadline = Date.now() + ms; !this.gone; await sleep(5)) assert.ok(Date.now() < deadline, `the server keeps the connection for more than ${ms} ms`);
  }

  /** Goes over to WebSocket. */
  async upgrade(query) {
    await this.send(upgradeRequest(query));
    assert.ok(await this.hears(/HTTP\/1.1 101[^]*\r\n\r\n/), this.heard);
  }

  /** A request on this connection; returns the answer's body. */
  async request(method, path, body = "") {
    this.heard = "";
    await this.send(request(method, path, body));
    const answer = await this.hears(/^HTTP\/1.1 (\d+)[^]*?\r\ncontent-length: (\d+)\r\n[^]*?\r\n\r\n/i);
    assert.ok(answer, "the server hung up instead of answering");
    const begin = answer.index + answer[0].length;
    while (this.heard.length < begin + Number(answer[2])) await this.hears(new RegExp(`^[^]{${Math.min(begin + Number(answer[2]), 60_000)},}`));
    return this.heard.slice(begin);
  }

  /** Vanishes: half of them without taking leave, by a reset. */
  vanish() {
    if (Math.random() < 0.5) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }
}

/** `count` times, some at a time. */
export async function crowd(count, act, atOnce = 100) {
  let next = 0;
  const all = [];
  const worker = async () => {
    while (next < count) {
      const n = next++;
      all[n] = await act(n);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker));
  return all;
}

/** An HTTP request. */
export const request = (method, path, body = "") =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\n${method === "POST" ? `Content-Length: ${body.length}\r\n` : ""}\r\n${body}`;

/** A request for a WebSocket. */
export const upgradeRequest = (path, more = {}) =>
  `GET ${path} HTTP/1.1\r\n${Object.entries({ Host: "x", ...UPGRADE_HEADERS, ...more }).map((header) => `${header.join(": ")}\r\n`).join("")}\r\n`;
