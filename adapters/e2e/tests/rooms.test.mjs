// Who receives what: rooms, exceptions, broadcasts, and each receiver exactly once.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ask, barrier, call, connect, overEveryTransport, received } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { useServer } from "../lib/server.mjs";

describe("rooms", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    // a calls; a: red; b: red; c: red and blue; d: none; e: red, in another namespace.
    const everyone = {};
    const sockets = () => Object.values(everyone);

    before(async () => {
      for (const name of ["a", "b", "c", "d"]) everyone[name] = await connect(null, server, { mode });
      everyone.e = await connect(null, server, { mode, nsp: "/custom" });
      for (const name of ["a", "b", "c", "e"]) await ask(everyone[name], "join", "red");
      assert.deepEqual(await call(everyone.c, "join", ["blue", "red"]), []);
    });
    after(() => sockets().forEach((socket) => socket.disconnect()));

    /** After `event(...args)` by a, exactly these receive, once each. */
    const reaches = (names, event, ...args) =>
      test(`${event} ${JSON.stringify(typeof args[0] === "function" ? "…" : args)} reaches ${names || "nobody"}`, async () => {
        for (const socket of sockets()) socket.log.length = 0;
        const given = args.map((arg) => (typeof arg === "function" ? arg() : arg));
        assert.deepEqual(await call(everyone.a, event, ...given, "news", 7, { x: [1] }), []);
        await barrier(...sockets());
        const got = Object.entries(everyone).flatMap(([name, socket]) => received(socket, "news").map((args) => [name, args]));
        assert.deepEqual(got, [...names].map((name) => [name, [7, { x: [1] }]]));
      });

    reaches("bc", "to-room", "red");
    reaches("c", "to-room", "blue");
    reaches("bc", "to-room", ["red", "blue"]);
    reaches("bc", "to-room", ["blue", "red", "red", "green"]);
    reaches("", "to-room", "green");
    reaches("d", "to-room", () => everyone.d.id);
    reaches("abc", "in-room", "red");
    reaches("c", "in-room", "blue");
    reaches("abc", "in-room", ["red", "blue"]);
    reaches("ad", "in-room", () => [everyone.a.id, everyone.d.id]);
    reaches("abd", "except-room", "blue");
    reaches("d", "except-room", ["blue", "red"]);
    reaches("abcd", "except-room", "green");
    reaches("ab", "to-room-except", "red", "blue");
    reaches("ab", "to-room-except", ["red", "blue"], ["blue"]);
    reaches("", "to-room-except", "blue", "red");
    reaches("bcd", "broadcast");
    reaches("abcd", "emit-all");
    reaches("c", "to-id", () => everyone.c.id);
    reaches("a", "to-id", () => everyone.a.id);
    reaches("", "to-id", () => everyone.e.id);
    reaches("", "to-id", "nobody");
  });

  overEveryTransport((mode) => {
    test("joining and leaving, odd names, and the list", async (t) => {
      const socket = await connect(t, server, { mode });
      assert.deepEqual(await ask(socket, "rooms"), [socket.id]);
      const names = ["10", "9", "", "ü€😀", "with space", "__proto__", "/custom", "a#b", "constructor"];
      assert.deepEqual(await call(socket, "join", names), []);
      await ask(socket, "join", "9");
      assert.deepEqual(await ask(socket, "rooms"), [...names, socket.id].sort());
      for (const name of names) {
        socket.log.length = 0;
        await ask(socket, "in-room", name, "ping-room", name);
        await barrier(socket);
        assert.deepEqual(received(socket, "ping-room"), [[name]]);
      }
      assert.deepEqual(await call(socket, "leave", "9"), []);
      await ask(socket, "leave", "9");
      await ask(socket, "leave", "never joined");
      await ask(socket, "in-room", "9", "gone");
      await barrier(socket);
      assert.deepEqual(received(socket, "gone"), []);
      assert.deepEqual(await ask(socket, "rooms"), [...names.filter((n) => n !== "9"), socket.id].sort());
    });

    test("rooms are sorted as JavaScript sorts", async (t) => {
      const socket = await connect(t, server, { mode });
      const names = ["\uff61", "😀", "é", "a", "Z", "10", "9"];
      await ask(socket, "join", names);
      assert.deepEqual(await ask(socket, "rooms"), [...names, socket.id].sort());
      assert.deepEqual((await ask(socket, "whoami")).rooms, [...names, socket.id].sort());
      assert.deepEqual((await ask(socket, "fetch-sockets", "a"))[0].rooms, [...names].sort());
    });

    test("rooms end with the connection", async (t) => {
      const [leaver, stays] = [await connect(t, server, { mode }), await connect(t, server)];
      await ask(leaver, "join", "short");
      const old = leaver.id;
      leaver.disconnect();
      const back = await connect(t, server, { mode });
      await server.statsBecome({ sockets: 2 });
      assert.deepEqual(await ask(stays, "fetch-sockets", "short"), []);
      assert.deepEqual(await ask(stays, "fetch-sockets", old), []);
      assert.deepEqual(await ask(back, "rooms"), [back.id]);
    });

    test("a thousand broadcasts arrive in order, once each, at everyone", async (t) => {
      const sender = await connect(t, server, { mode });
      const receivers = await Promise.all(["polling", "websocket", "upgrading"].map((m) => connect(t, server, { mode: m })));
      for (let i = 0; i < 1000; i++) sender.emit("broadcast", "tick", i);
      await barrier(sender);
      await barrier(...receivers);
      const expected = Array.from({ length: 1000 }, (_, i) => [i]);
      for (const r of receivers) same(received(r, "tick"), expected);
      assert.deepEqual(received(sender, "tick"), []);
    });
  });
});
