// Connecting, being refused, namespaces, leaving.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  arrived, ask, barrier, connect, connected, manager, outcome, overEveryTransport, prepare, received, upgraded,
} from "../lib/client.mjs";
import { useServer } from "../lib/server.mjs";

describe("connect", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    test("connect, talk, disconnect", async (t) => {
      const socket = await connect(t, server, { mode });
      assert.ok(socket.id);
      assert.notEqual(socket.id, socket.io.engine.id, "the session id is a secret, the socket id is public");
      assert.deepEqual(await ask(socket, "message-with-ack", "hello"), "hello");
      const left = outcome(socket, "disconnect");
      socket.disconnect();
      assert.equal((await left)[0], "io client disconnect");
      await server.empty();
    });

    test("the first event is auth, with what the handshake said", async (t) => {
      const auth = { name: "Zoë", list: [1, { a: null }] };
      const socket = await connect(t, server, { mode, auth });
      await barrier(socket);
      assert.deepEqual(socket.log, [["auth", auth]]);
      const plain = await connect(t, server, { mode });
      await barrier(plain);
      assert.deepEqual(plain.log, [["auth", {}]]);
    });

    test("/admin refuses with data, then admits with the token, on the same socket", async (t) => {
      const socket = prepare(t, server, { mode, nsp: "/admin", auth: { token: "wrong" } });
      const refused = outcome(socket, "connect_error", ["connect"]);
      socket.connect();
      const [error] = await refused;
      assert.equal(error.message, "not authorized");
      assert.deepEqual(error.data, { code: 401, hint: "token" });
      assert.equal(socket.active, false, "a refusal is final until the application says otherwise");
      assert.deepEqual(received(socket, "auth"), []);
      socket.auth.token = "s3cret";
      await connected(socket);
      await barrier(socket);
      assert.deepEqual(socket.log, [["auth", { token: "s3cret" }]]);
    });

    test("an unknown namespace is invalid", async (t) => {
      for (const nsp of ["/nowhere", "/dyn-", "/dyn-1x", "/dyn-٣", "/custom/", "/Custom", "/adminx"]) {
        const socket = prepare(t, server, { mode, nsp });
        const refused = outcome(socket, "connect_error", ["connect"]);
        socket.connect();
        const [error] = await refused;
        assert.equal(error.message, "Invalid namespace", nsp);
      }
    });

    test("a dynamic namespace exists on first use and is shared", async (t) => {
      const nsp = `/dyn-${Date.now()}`;
      const [a, b] = [await connect(t, server, { mode, nsp }), await connect(t, server, { mode, nsp })];
      const other = await connect(t, server, { mode, nsp: "/dyn-12" });
      assert.equal((await ask(a, "whoami")).nsp, nsp);
      assert.deepEqual((await ask(a, "fetch-sockets", null)).map(({ id }) => id), [a.id, b.id].sort());
      await ask(a, "emit-all", "news", 1);
      await barrier(a, b, other);
      assert.deepEqual([a, b, other].map((s) => received(s, "news").length), [1, 1, 0]);
    });

    test("two namespaces share one connection", async (t) => {
      const { shared, socket } = manager(t, server, { mode });
      const [root, custom] = [socket("/"), socket("/custom")];
      await Promise.all([connected(root), connected(custom)]);
      if (mode === "upgraded") await upgraded(root);
      assert.equal(root.io, custom.io);
      assert.notEqual(root.id, custom.id);
      await server.statsBecome({ sockets: 2, sessions: 1 });
      root.emit("message", "to root");
      custom.emit("message", "to custom");
      await Promise.all([arrived(root, "message-back"), arrived(custom, "message-back")]);
      assert.deepEqual(received(root, "message-back"), [["to root"]]);
      assert.deepEqual(received(custom, "message-back"), [["to custom"]]);
      // The one leaves, the other stays, and the first may come back on the same connection.
      const [engine, id] = [shared.engine.id, custom.id];
      custom.disconnect();
      await barrier(root);
      await server.statsBecome({ sockets: 1, sessions: 1 });
      await connected(custom);
      assert.notEqual(custom.id, id, "every connection to a namespace has an id of its own");
      assert.equal(shared.engine.id, engine);
      assert.equal((await ask(custom, "whoami")).nsp, "/custom");
    });

    test("a refused namespace does not disturb the others on its connection", async (t) => {
      const { socket } = manager(t, server, { mode });
      const [root, admin, nowhere] = [socket("/"), socket("/admin"), socket("/nowhere")];
      const refusals = [outcome(admin, "connect_error"), outcome(nowhere, "connect_error")];
      const joined = outcome(root, "connect");
      for (const s of [nowhere, admin, root]) s.connect();
      assert.deepEqual((await Promise.all(refusals)).map(([e]) => e.message), ["not authorized", "Invalid namespace"]);
      await joined;
      assert.equal(await ask(root, "message-with-ack", 1), 1);
    });

    test("the handshake remembers auth, query and headers", async (t) => {
      const socket = await connect(t, server, {
        mode, auth: { token: 7 }, query: { room: "a b&c=ü" }, extraHeaders: { "X-Conformance": "yes" },
      });
      const { auth, query, header } = await ask(socket, "handshake");
      assert.deepEqual(auth, { token: 7 });
      assert.equal(header, "yes");
      assert.equal(query.room, "a b&c=ü");
      assert.equal(query.EIO, "4");
      assert.equal(query.transport, mode === "websocket" ? "websocket" : "polling");
    });
  });

  test("whoami knows the transport, before and after the upgrade", async (t) => {
    const polling = await connect(t, server, { mode: "polling" });
    const websocket = await connect(t, server, { mode: "websocket" });
    const moving = await connect(t, server, { mode: "upgrading" });
    await upgraded(moving);
    const answers = await Promise.all([polling, websocket, moving].map((s) => ask(s, "whoami")));
    assert.deepEqual(answers.map((a) => a.transport), ["polling", "websocket", "websocket"]);
    for (const [i, socket] of [polling, websocket, moving].entries())
      assert.deepEqual(answers[i], {
        id: socket.id, nsp: "/", rooms: [socket.id], transport: answers[i].transport, protocol: 4, recovered: false,
      });
  });

  test("stats count what is there", async (t) => {
    const sockets = [];
    for (const mode of ["polling", "websocket", "upgraded", "polling", "websocket"]) sockets.push(await connect(t, server, { mode }));
    const { shared, socket } = manager(t, server);
    sockets.push(await connected(socket("/")), await connected(socket("/custom")), await connected(socket("/dyn-3")));
    await server.statsBecome({ sockets: 8, sessions: 6, engineSessions: 0 });
    for (const s of sockets.slice(0, 3)) s.disconnect();
    await server.statsBecome({ sockets: 5, sessions: 3 });
    shared.engine.close();
    await server.statsBecome({ sockets: 2, sessions: 2 });
    for (const s of sockets.slice(3)) s.disconnect();
    await server.empty();
  });
});
