// Pings, and those who do not answer them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, connect, connected, MODES, prepare, sleep } from "../lib/client.mjs";
import { useServer } from "../lib/server.mjs";
import { EIO, Polling, upgrade, Wire } from "../lib/wire.mjs";

const [INTERVAL, TIMEOUT] = [200, 300];
// How late a busy machine may be.
const SLACK = 400;

describe("heartbeat", () => {
  const server = useServer({ PING_INTERVAL: INTERVAL, PING_TIMEOUT: TIMEOUT });

  test("the handshake says so", async (t) => {
    const { pingInterval, pingTimeout } = (await Polling.open(t, server)).handshake;
    assert.deepEqual([pingInterval, pingTimeout], [INTERVAL, TIMEOUT]);
  });

  test("real clients live through many intervals, over every transport", async (t) => {
    const sockets = await Promise.all(Object.keys(MODES).map((mode) => connect(t, server, { mode })));
    const pings = sockets.map(() => 0);
    for (const [i, { io }] of sockets.entries()) io.on("ping", () => pings[i]++);
    await sleep(5 * INTERVAL);
    for (const [i, socket] of sockets.entries()) {
      assert.ok(pings[i] >= 3 && pings[i] <= 5, `${Object.keys(MODES)[i]}: ${pings[i]} pings`);
      assert.equal(await ask(socket, "message-with-ack", 1), 1, "and never disconnected, for there is no reconnection");
    }
  });

  // A busy machine may see things late: the earliest is counted from before the cause, the latest from after it.
  const within = (before, after, ms) => {
    const now = Date.now();
    assert.ok(now - before > ms - 30 && now - after < ms + SLACK, `${now - before} or ${now - after} ms instead of ${ms}`);
  };

  test("the first ping comes one interval after the handshake, the next after the pong", async (t) => {
    let before = Date.now();
    const wire = await Wire.session(t, server, { path: EIO });
    for (let i = 0; i < 3; i++) {
      const after = Date.now();
      assert.equal(await wire.next(), "2");
      within(before, after, INTERVAL);
      before = Date.now();
      wire.send("3");
    }
  });

  test("who does not answer is closed, not too early and not too late", async (t) => {
    const before = Date.now();
    const wire = await Wire.session(t, server, { path: EIO });
    const after = Date.now();
    assert.equal(await wire.next(), "2");
    await wire.assertClosed(INTERVAL + TIMEOUT + SLACK);
    within(before, after, INTERVAL + TIMEOUT);
    await server.empty();
  });

  test("talking is no answer", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    const timer = setInterval(() => wire.send("4x"), 20);
    t.after(() => clearInterval(timer));
    await wire.assertClosed(INTERVAL + TIMEOUT + SLACK);
  });

  test("who polls once and never again is closed", async (t) => {
    await Polling.open(null, server, { path: EIO });
    await server.statsBecome({ engineSessions: 1 });
    await server.statsBecome({ engineSessions: 0 }, INTERVAL + TIMEOUT + SLACK);
  });

  test("who polls but does not answer is closed, and told so", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    assert.deepEqual(await session.receive(), ["2"]);
    const waiting = session.get();
    await server.statsBecome({ engineSessions: 0 }, TIMEOUT + SLACK);
    const { status } = await waiting;
    assert.ok(status === 200 || status === 400);
    await session.assertGone();
  });

  test("pongs over polling keep the session", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    for (let i = 0; i < 4; i++) {
      assert.deepEqual(await session.receive(), ["2"]);
      await session.send("3");
    }
    await session.assertAlive();
  });

  test("the heartbeat goes on after the upgrade", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await upgrade(t, session);
    for (let i = 0; i < 3; i++) {
      assert.equal(await wire.next(), "2");
      wire.send("3");
    }
    await wire.assertClosed(INTERVAL + TIMEOUT + SLACK);
    await server.empty();
  });

  test("the watchers read ping timeout", async (t) => {
    const watcher = await connect(t, server);
    await ask(watcher, "watch");
    const wire = await Wire.session(t, server);
    const { id } = await wire.join();
    const [[info]] = await arrived(watcher, "peer-disconnect");
    assert.deepEqual(info, { id, reason: "ping timeout" });
  });

  test("a reader that stalled is closed in time, although there is much to write to it", async (t) => {
    // On a busy machine this process, too, may be late with a pong: then it comes back.
    const bystander = await connect(t, server, { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 10 });
    const wire = await Wire.session(t, server);
    const { id } = await wire.join();
    wire.send(`42${JSON.stringify(["flood", id, 400, 100_000])}`);
    await wire.next();
    wire.socket.pause();
    await server.statsBecome({ sockets: 1, sessions: 1 }, INTERVAL + TIMEOUT + 2 * SLACK);
    assert.equal(await ask(bystander, "message-with-ack", "calm"), "calm");
  });

  test("the JavaScript client notices a server that fell silent, and comes back", async (t) => {
    const socket = prepare(t, server, { mode: "websocket", reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 10 });
    await connected(socket);
    const first = socket.id;
    // Its own answers are lost from now on: the server gives up.
    socket.io.engine.transport.ws.send = () => {};
    await new Promise((resolve) => socket.once("disconnect", resolve));
    await new Promise((resolve) => socket.once("connect", resolve));
    assert.notEqual(socket.id, first);
    assert.equal(await ask(socket, "message-with-ack", 1), 1);
  });
});
