// Disconnections by either side, and coming back.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, barrier, connect, connected, manager, outcome, overEveryTransport, received, until, upgraded } from "../lib/client.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { Wire, SIO } from "../lib/wire.mjs";

// There the DISCONNECT takes effect a tick later, and the CONNECT behind it is one too many.
const quick = oursOnly("a CONNECT right behind a DISCONNECT closes the connection");

describe("reconnect", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    test("disconnect().connect() in one breath", async (t) => {
      const socket = await connect(t, server, { mode });
      const ids = new Set([socket.id]);
      for (let i = 0; i < 5; i++) {
        const again = outcome(socket, "connect", ["connect_error"]);
        socket.disconnect().connect();
        await again;
        ids.add(socket.id);
        assert.equal(await ask(socket, "message-with-ack", i), i);
      }
      assert.equal(ids.size, 6, "a fresh id each time");
      await server.statsBecome({ sockets: 1, sessions: 1 });
    });

    test("disconnect().connect() of one namespace while another keeps the connection", quick, async (t) => {
      const { socket } = manager(t, server, { mode });
      const [keeper, mover] = [await connected(socket("/")), await connected(socket("/custom"))];
      if (mode === "upgraded") await upgraded(keeper);
      const session = keeper.io.engine.id;
      for (let i = 0; i < 10; i++) {
        const [old, again] = [mover.id, outcome(mover, "connect", ["connect_error"])];
        mover.disconnect().connect();
        await again;
        assert.notEqual(mover.id, old);
        assert.equal(await ask(mover, "message-with-ack", i), i);
      }
      assert.equal(keeper.io.engine.id, session);
      assert.equal(await ask(keeper, "message-with-ack", "calm"), "calm");
      await server.statsBecome({ sockets: 2, sessions: 1 });
    });

    test("the server disconnects the socket: no reconnection by itself, but when asked", async (t) => {
      for (const close of [false, true]) {
        const socket = await connect(t, server, { mode, reconnection: true, reconnectionDelay: 1 });
        const engine = socket.io.engine;
        const gone = outcome(socket, "disconnect");
        const closed = close && outcome(engine, "close");
        socket.emit("disconnect-me", close);
        assert.equal((await gone)[0], "io server disconnect");
        assert.equal(socket.active, false);
        await closed;
        await connected(socket);
        assert.equal(await ask(socket, "message-with-ack", close), close);
        socket.disconnect();
      }
    });

    test("disconnect-me with close takes every namespace of the connection along", async (t) => {
      const { socket } = manager(t, server, { mode });
      const [root, custom] = [await connected(socket("/")), await connected(socket("/custom"))];
      if (mode === "upgraded") await upgraded(root);
      const gone = [outcome(root, "disconnect"), outcome(custom, "disconnect")];
      root.emit("disconnect-me", true);
      assert.deepEqual((await Promise.all(gone)).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
      await server.empty();
    });

    test("disconnect-me without close leaves the other namespaces alone", async (t) => {
      const { socket } = manager(t, server, { mode });
      const [root, custom] = [await connected(socket("/")), await connected(socket("/custom"))];
      const gone = outcome(custom, "disconnect");
      custom.emit("disconnect-me", false);
      await gone;
      assert.equal(await ask(root, "message-with-ack", 1), 1);
      await server.statsBecome({ sockets: 1, sessions: 1 });
    });

    test("after the engine closed, the client comes back with what it wanted to say", async (t) => {
      const socket = await connect(t, server, { mode, reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 20 });
      const old = socket.id;
      await ask(socket, "join", "old-room");
      const [gone, again] = [outcome(socket, "disconnect"), outcome(socket, "connect")];
      socket.io.engine.close();
      await gone;
      for (let i = 0; i < 20; i++) socket.emit("seq", i);
      await again;
      assert.notEqual(socket.id, old);
      assert.deepEqual(await ask(socket, "seq-report"), { next: 20, errors: 0 });
      assert.deepEqual(await ask(socket, "rooms"), [socket.id], "a new connection, nothing is left of the old one");
      await server.statsBecome({ sockets: 1, sessions: 1 });
    });

    test("re-CONNECT while the server still says goodbye to the old socket", quick, async (t) => {
      const watcher = await connect(t, server, { nsp: "/custom" });
      await ask(watcher, "watch");
      const { socket } = manager(t, server, { mode });
      const [keeper, mover] = [await connected(socket("/")), await connected(socket("/custom"))];
      if (mode === "upgraded") await upgraded(keeper);
      await ask(mover, "join", "room");
      const old = mover.id;
      const again = outcome(mover, "connect", ["connect_error"]);
      mover.disconnect().connect();
      mover.emit("message", "buffered");
      await again;
      assert.deepEqual(await arrived(mover, "message-back"), [["buffered"]]);
      assert.deepEqual(await ask(mover, "rooms"), [mover.id]);
      await barrier(watcher);
      const reason = "client namespace disconnect";
      assert.deepEqual(watcher.log.slice(1), [
        ["peer-disconnecting", { id: old, reason, rooms: ["room"] }],
        ["peer-disconnect", { id: old, reason }],
      ]);
    });
  });

  test("leaving and joining again twenty times in one breath, on the wire", quick, async (t) => {
    const watcher = await connect(t, server);
    await ask(watcher, "watch");
    const wire = await Wire.session(t, server, { path: SIO });
    const { id } = await wire.join();
    for (let i = 0; i < 20; i++) wire.send("41", "40");
    wire.send('42["message","end"]');
    const ids = [id];
    for (let message; (message = await wire.next()) !== '42["message-back","end"]';)
      if (message.startsWith("40")) ids.push(JSON.parse(message.slice(2)).sid);
      else assert.equal(message, '42["auth",{}]');
    assert.equal(new Set(ids).size, 21);
    await barrier(watcher);
    assert.deepEqual(received(watcher, "peer-disconnect").map(([{ id }]) => id), ids.slice(0, -1));
    await server.statsBecome({ sockets: 2, sessions: 2 });
  });

  test("a cut connection: both sides notice, the client comes back", async (t) => {
    const watcher = await connect(t, server);
    await ask(watcher, "watch");
    const socket = await connect(t, server, { mode: "upgraded", reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 20 });
    const [old, gone, again] = [socket.id, outcome(socket, "disconnect"), outcome(socket, "connect")];
    socket.io.engine.transport.ws.terminate();
    assert.equal((await gone)[0], "transport close");
    await again;
    const [[{ id, reason }]] = await arrived(watcher, "peer-disconnect");
    assert.equal(id, old);
    assert.match(reason, /^transport (close|error)$/);
    assert.equal(await ask(socket, "message-with-ack", 1), 1);
  });

  test("a hundred clients come and go", async (t) => {
    const modes = ["polling", "websocket", "upgrading"];
    const sockets = await Promise.all(Array.from({ length: 100 }, (_, i) => connect(t, server, { mode: modes[i % 3] })));
    await server.statsBecome({ sockets: 100, sessions: 100 });
    await Promise.all(sockets.map((s, i) => ask(s, "message-with-ack", i)));
    for (const [i, s] of sockets.entries()) i % 2 ? s.disconnect() : s.io.engine.close();
    await until(() => sockets.every((s) => !s.connected));
    await server.empty();
  });
});
