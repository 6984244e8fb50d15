// Connection state recovery: who comes back in time is who it was, and missed nothing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, barrier, call, connect, connected, outcome, overEveryTransport, received, sleep, until } from "../lib/client.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { Wire } from "../lib/wire.mjs";

const COMES_BACK = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 50 };

/** The arguments of the events of this name, without the offset behind them. */
const said = (socket, event) => received(socket, event).map((args) => {
  assert.equal(typeof args.at(-1), "string", "an offset is the last argument");
  return args.slice(0, -1);
});

/** Breaks the connection below, runs `meanwhile` while the client is away, and lets it come back. */
async function interrupted(socket, meanwhile) {
  const { io: manager } = socket;
  const gone = outcome(socket, "disconnect");
  manager.reconnection(false);
  manager.engine.close();
  await gone;
  await meanwhile?.();
  manager.reconnection(true);
  const back = outcome(socket, "connect", ["connect_error"]);
  socket.connect();
  manager.open();
  await back;
}

/** Joins a namespace by hand: `{ sid, pid }`, and the offset of the `auth` event. */
async function join(wire, auth, nsp = "/") {
  const prefix = nsp === "/" ? "" : `${nsp},`;
  wire.send(`40${prefix}${auth ? JSON.stringify(auth) : ""}`);
  const reply = await wire.next();
  assert.ok(reply.startsWith(`40${prefix}{`), reply);
  return JSON.parse(reply.slice(2 + prefix.length));
}

/** The next event by hand. */
async function event(wire, prefix = "") {
  const message = await wire.next();
  assert.ok(message.startsWith(`42${prefix}[`), message);
  return JSON.parse(message.slice(2 + prefix.length));
}

const lost = (wire) => (wire.socket.terminate(), wire.closed);

describe("recovery", () => {
  const server = useServer({ RECOVERY: 1 });

  overEveryTransport((mode) => {
    test("who comes back has its id, its rooms and its data, and is not greeted again", async (t) => {
      const socket = await connect(t, server, { mode, ...COMES_BACK });
      await arrived(socket, "auth");
      assert.equal(socket.recovered, false);
      await call(socket, "join", ["r1", "r2"]);
      await call(socket, "set", "color", { blue: 1 });
      const { id } = socket;
      await interrupted(socket, () => server.statsBecome({ sockets: 0 }));
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      const { rooms, recovered } = await ask(socket, "whoami");
      assert.deepEqual({ rooms, recovered }, { rooms: [id, "r1", "r2"].sort(), recovered: true });
      assert.deepEqual(await ask(socket, "get", "color"), { blue: 1 });
      await arrived(socket, "auth");
    });

    test("what was said while it was away comes once, in order", async (t) => {
      const socket = await connect(t, server, { mode, ...COMES_BACK });
      const other = await connect(t, server);
      await arrived(socket, "auth");
      await call(socket, "join", "room");
      const { id } = socket;
      await interrupted(socket, async () => {
        await server.statsBecome({ sockets: 1 });
        await call(other, "in-room", "room", "news", "to the room", Buffer.from([1, 2, 3]));
        await call(other, "to-id", id, "news", "to its id");
        await call(other, "in-room", "another", "news", "elsewhere");
        await call(other, "broadcast", "news", "to all", { n: 1 });
        await call(other, "except-room", "room", "news", "not for the room");
        for (let i = 0; i < 50; i++) await call(other, "emit-all", "news", i);
      });
      await call(other, "emit-all", "news", "after");
      await barrier(socket);
      const expected = [["to the room", Buffer.from([1, 2, 3])], ["to its id"], ["to all", { n: 1 }], ...Array.from({ length: 50 }, (_, i) => [i]), ["after"]];
      assert.deepEqual(said(socket, "news"), expected);
      await interrupted(socket);
      await barrier(socket);
      assert.deepEqual(said(socket, "news"), expected, "and not again");
    });

    test("again and again", oursOnly("now and then as somebody new there"), async (t) => {
      const socket = await connect(t, server, { mode, ...COMES_BACK });
      const other = await connect(t, server);
      await arrived(socket, "auth");
      const { id } = socket;
      for (let i = 0; i < 10; i++) {
        await interrupted(socket, () => call(other, "emit-all", "news", i));
        assert.deepEqual([socket.recovered, socket.id], [true, id]);
      }
      await barrier(socket);
      assert.deepEqual(said(socket, "news"), Array.from({ length: 10 }, (_, i) => [i]));
    });

    test("who left on purpose does not come back", async (t) => {
      const socket = await connect(t, server, { mode });
      await arrived(socket, "auth");
      const { id } = socket;
      await call(socket, "join", "room");
      socket.disconnect();
      await connected(socket);
      assert.equal(socket.recovered, false);
      assert.notEqual(socket.id, id);
      assert.deepEqual(await ask(socket, "rooms"), [socket.id]);
      await arrived(socket, "auth", 2);
    });

    test("nor does who was sent away", async (t) => {
      for (const close of [false, true]) {
        const socket = await connect(t, server, { mode });
        await arrived(socket, "auth");
        const { id } = socket;
        const gone = outcome(socket, "disconnect");
        socket.emit("disconnect-me", close);
        await gone;
        await connected(socket);
        assert.equal(socket.recovered, false);
        assert.notEqual(socket.id, id);
      }
    });
  });

  test("watchers see it leave and not come back as somebody else", async (t) => {
    const watcher = await connect(t, server);
    const socket = await connect(t, server, COMES_BACK);
    await arrived(socket, "auth");
    await call(watcher, "watch");
    const { id } = socket;
    await interrupted(socket);
    await barrier(watcher);
    assert.deepEqual(said(watcher, "peer-disconnect"), [[{ id, reason: "transport close" }]]);
    assert.deepEqual((await ask(watcher, "fetch-sockets", null)).map((each) => each.id).sort(), [id, watcher.id].sort());
  });

  test("every namespace of a connection comes back, a dynamic one too", async (t) => {
    for (const nsp of ["/custom", "/dyn-77"]) {
      const socket = await connect(t, server, { nsp, ...COMES_BACK });
      await arrived(socket, "auth");
      const { id } = socket;
      await interrupted(socket, () => server.statsBecome({ sockets: 0, sessions: 0 }));
      assert.deepEqual([socket.recovered, socket.id], [true, id], nsp);
      socket.disconnect();
      await server.empty();
    }
  });

  test("middlewares are skipped for who comes back", async (t) => {
    const first = await Wire.session(t, server);
    const { sid, pid } = await join(first, { token: "s3cret" }, "/admin");
    const [, , offset] = await event(first, "/admin,");
    await lost(first);
    const second = await Wire.session(t, server);
    assert.deepEqual(await join(second, { pid, offset }, "/admin"), { sid, pid });
  });

  test("before a first event was seen, all since the beginning is missed", oursOnly("impossible there"), async (t) => {
    const first = await Wire.session(t, server);
    const { sid, pid } = await join(first);
    assert.notEqual(sid, pid);
    assert.notEqual(sid, first.handshake.sid);
    assert.notEqual(pid, first.handshake.sid);
    await lost(first);
    const second = await Wire.session(t, server);
    assert.deepEqual(await join(second, { pid }), { sid, pid });
    assert.equal((await event(second))[0], "auth");
    await lost(second);
  });

  test("a stored state is restored once", oursOnly("every time there"), async (t) => {
    const first = await Wire.session(t, server);
    const { sid, pid } = await join(first);
    const [, , offset] = await event(first);
    await lost(first);
    await server.statsBecome({ sockets: 0 });
    const wires = await Promise.all(Array.from({ length: 5 }, () => Wire.session(t, server)));
    const ids = await Promise.all(wires.map(async (wire) => {
      const reply = await join(wire, { pid, offset });
      // Whoever had it is closed when the next one takes it over.
      return wire.ask(1, "whoami").then(([who]) => (assert.equal(who.id, reply.sid), who.id)).catch(() => null);
    }));
    const watcher = await connect(t, server);
    const present = (await ask(watcher, "fetch-sockets", null)).map((each) => each.id);
    assert.equal(present.filter((id) => id === sid).length, 1, `${present}`);
    assert.equal(new Set(present).size, present.length, "no two sockets of one id");
    assert.ok(ids.includes(sid));
    for (const wire of wires) await lost(wire);
  });

  test("who comes back while it is taken to be alive takes over; the old connection is closed", oursOnly("twins there"), async (t) => {
    const watcher = await connect(t, server);
    await call(watcher, "watch");
    const first = await Wire.session(t, server);
    const { sid, pid } = await join(first);
    const [, , offset] = await event(first);
    first.send(`420["join","room"]`);
    assert.equal(await first.next(), "430[]");
    const second = await Wire.session(t, server);
    assert.deepEqual(await join(second, { pid, offset }), { sid, pid });
    await first.assertClosed();
    assert.deepEqual(await second.ask(1, "rooms"), [[sid, "room"].sort()]);
    await server.statsBecome({ sockets: 2, sessions: 2 });
    await barrier(watcher);
    assert.deepEqual(said(watcher, "peer-disconnecting"), [[{ id: sid, reason: "forced server close", rooms: ["room"] }]]);
    await lost(second);
  });

  test("nothing is said before CONNECT is answered, also to who comes back", oursOnly("missed events come first there"), async (t) => {
    const other = await connect(t, server);
    const first = await Wire.session(t, server);
    const { sid, pid } = await join(first);
    const [, , offset] = await event(first);
    await lost(first);
    await server.statsBecome({ sockets: 1 });
    for (let i = 0; i < 3; i++) await call(other, "emit-all", "news", i);
    const second = await Wire.session(t, server);
    second.send(`40${JSON.stringify({ pid, offset })}`);
    assert.deepEqual(JSON.parse((await second.next()).slice(2)), { sid, pid });
    const news = [];
    for (let i = 0; i < 3; i++) news.push((await event(second)).slice(0, 2));
    assert.deepEqual(news, [["news", 0], ["news", 1], ["news", 2]]);
    assert.deepEqual(await second.ask(1, "rooms"), [[sid]]);
    await lost(second);
  });

  test("a wrong name or offset brings nobody back, and does no harm", async (t) => {
    const first = await Wire.session(t, server);
    const { sid, pid } = await join(first);
    const [, , offset] = await event(first);
    for (const auth of [
      { pid: "nobody", offset }, { pid: "AAAAAAAAAAAAAAAAAAAA", offset }, { pid: sid, offset }, { pid: first.handshake.sid, offset },
      { pid: 7, offset: 7 }, { pid: null, offset: null }, { pid: [pid], offset: {} }, { offset }, { pid: "", offset: "" },
    ]) {
      const wire = await Wire.session(t, server);
      const reply = await join(wire, auth);
      assert.notEqual(reply.sid, sid);
      assert.notEqual(reply.pid, pid);
      assert.equal((await event(wire))[0], "auth");
      await lost(wire);
    }
    await lost(first);
    const wire = await Wire.session(t, server);
    const reply = await join(wire, { pid, offset: `${offset}0` });
    assert.notEqual(reply.sid, sid, "an offset that was never given");
    await lost(wire);
  });
});

describe("recovery, for a short time", () => {
  const server = useServer({ RECOVERY: 1, RECOVERY_MS: 300 });

  test("after its time nobody comes back", async (t) => {
    const socket = await connect(t, server, COMES_BACK);
    await arrived(socket, "auth");
    const { id } = socket;
    await interrupted(socket, () => sleep(450)); // the time that this is about
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
    await arrived(socket, "auth", 2);
  });

  test("a client that was idle for longer than that comes back", oursOnly("its offset is forgotten there"), async (t) => {
    const socket = await connect(t, server, COMES_BACK);
    const other = await connect(t, server);
    await arrived(socket, "auth");
    const { id } = socket;
    for (let i = 0; i < 10; i++) {
      await sleep(60);
      await call(other, "to-id", other.id, "news", i);
    }
    await interrupted(socket);
    assert.deepEqual([socket.recovered, socket.id], [true, id]);
  });
});

describe("without recovery", () => {
  const server = useServer();

  test("there is no second id and no offset, and nobody comes back", async (t) => {
    const first = await Wire.session(t, server);
    const reply = await join(first);
    assert.deepEqual(Object.keys(reply), ["sid"]);
    assert.deepEqual(await event(first), ["auth", {}]);
    await lost(first);
    const second = await Wire.session(t, server);
    const again = await join(second, { pid: reply.sid, offset: "0" });
    assert.notEqual(again.sid, reply.sid);
    await lost(second);
  });
});
