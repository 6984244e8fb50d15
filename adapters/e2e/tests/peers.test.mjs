// Watching others leave, and the server acting on many sockets at once.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, barrier, call, connect, outcome, overEveryTransport, received } from "../lib/client.mjs";
import { useServer } from "../lib/server.mjs";
import { Wire } from "../lib/wire.mjs";

describe("peers", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    test("watchers see peer-disconnecting, still in its rooms, then peer-disconnect, with the reason", async (t) => {
      const watcher = await connect(t, server, { mode });
      assert.deepEqual(await call(watcher, "watch"), []);
      const ways = {
        "client namespace disconnect": (s) => s.disconnect(),
        "server namespace disconnect": (s) => s.emit("disconnect-me", false),
        "transport close": (s) => s.io.engine.close(),
      };
      for (const [reason, leave] of Object.entries(ways)) {
        const peer = await connect(t, server, { mode });
        const { id } = peer;
        await ask(peer, "join", ["z", "b"]);
        watcher.log.length = 0;
        leave(peer);
        await arrived(watcher, "peer-disconnect");
        assert.deepEqual(watcher.log, [
          ["peer-disconnecting", { id, reason, rooms: ["b", "z"] }],
          ["peer-disconnect", { id, reason }],
        ]);
        peer.disconnect();
      }
    });

    test("disconnect-me with close is a disconnection by the server too", async (t) => {
      const [watcher, peer] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      await ask(watcher, "watch");
      peer.emit("disconnect-me", true);
      const [[{ reason }]] = await arrived(watcher, "peer-disconnect");
      assert.equal(reason, "server namespace disconnect");
    });

    test("a watcher that leaves is seen by the others, and the watchers' room is one of its rooms", async (t) => {
      const [one, two] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      await ask(one, "watch");
      await ask(two, "watch");
      const { id } = two;
      two.disconnect();
      await arrived(one, "peer-disconnect");
      assert.deepEqual(received(one, "peer-disconnecting"), [[{ id, reason: "client namespace disconnect", rooms: ["__watchers"] }]]);
      assert.deepEqual(received(two, "peer-disconnect"), []);
    });

    test("fetch-sockets knows ids, rooms and data", async (t) => {
      const [a, b, c] = [await connect(t, server, { mode }), await connect(t, server, { mode }), await connect(t, server, { mode })];
      const other = await connect(t, server, { mode, nsp: "/custom" });
      await ask(other, "join", "team");
      await ask(a, "join", ["team", "apex"]);
      await ask(b, "join", "team");
      await ask(a, "set", "name", "Ada");
      const byId = (list) => list.sort((x, y) => (x.id < y.id ? -1 : 1));
      const infos = [
        { id: a.id, rooms: ["apex", "team"], data: { name: "Ada" } },
        { id: b.id, rooms: ["team"], data: {} },
        { id: c.id, rooms: [], data: {} },
      ];
      assert.deepEqual(await ask(c, "fetch-sockets", null), byId([...infos]));
      assert.deepEqual(await ask(c, "fetch-sockets", "team"), byId(infos.slice(0, 2)));
      assert.deepEqual(await ask(c, "fetch-sockets", b.id), [infos[1]]);
      assert.deepEqual(await ask(c, "fetch-sockets", "empty"), []);
    });

    test("sockets-join and sockets-leave move everyone in a room", async (t) => {
      const [a, b, c] = [await connect(t, server, { mode }), await connect(t, server, { mode }), await connect(t, server, { mode })];
      await ask(a, "join", "from");
      await ask(b, "join", "from");
      assert.deepEqual(await call(c, "sockets-join", "from", "into"), []);
      assert.deepEqual(await ask(a, "rooms"), [a.id, "from", "into"].sort());
      assert.deepEqual(await ask(b, "rooms"), [b.id, "from", "into"].sort());
      assert.deepEqual(await ask(c, "rooms"), [c.id]);
      assert.deepEqual(await call(c, "sockets-leave", "into", "from"), []);
      assert.deepEqual(await ask(a, "rooms"), [a.id, "into"].sort());
      await ask(c, "in-room", "from", "nobody");
      await barrier(a, b);
      assert.deepEqual([a, b].map((s) => received(s, "nobody").length), [0, 0]);
    });

    test("disconnect-sockets, with and without close", async (t) => {
      for (const close of [false, true]) {
        const [a, b, c] = [await connect(t, server, { mode }), await connect(t, server, { mode }), await connect(t, server, { mode })];
        await ask(a, "join", "out");
        await ask(b, "join", "out");
        const gone = [outcome(a, "disconnect"), outcome(b, "disconnect")];
        const closed = [a, b].map((s) => close && outcome(s.io.engine, "close"));
        // The caller is inside as well, and has its answer before it goes.
        assert.deepEqual(await call(a, "disconnect-sockets", "out", close), []);
        assert.deepEqual((await Promise.all(gone)).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
        await Promise.all(closed);
        assert.deepEqual((await ask(c, "fetch-sockets", null)).map(({ id }) => id), [c.id]);
        await server.statsBecome({ sockets: 1, sessions: 1 });
        for (const s of [a, b, c]) s.disconnect();
        await server.empty();
      }
    });
  });

  test("the reasons of a client that breaks the rules, and of one that breaks the line", async (t) => {
    const watcher = await connect(t, server);
    await ask(watcher, "watch");
    const reasonAfter = async (what) => {
      watcher.log.length = 0;
      const wire = await Wire.session(t, server);
      await wire.join();
      what(wire);
      const [[{ reason }]] = await arrived(watcher, "peer-disconnect");
      return reason;
    };
    assert.equal(await reasonAfter((wire) => wire.send("9 is no packet type")), "parse error");
    assert.match(await reasonAfter((wire) => wire.send("42[not json")), /^(parse error|forced close|forced server close)$/);
    assert.match(await reasonAfter((wire) => wire.send('42/custom,["message"]')), /^(parse error|forced close|forced server close)$/);
    assert.match(await reasonAfter((wire) => wire.socket.terminate()), /^transport (close|error)$/);
    assert.equal(await reasonAfter((wire) => wire.socket.close()), "transport close");
  });
});
