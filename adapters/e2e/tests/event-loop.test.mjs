// The example that has no runtime: one loop over its own sockets. `EVENT_LOOP_CMD` starts it; without that, nothing runs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { arrived, ask, call, connect, connected, manager, outcome, overEveryTransport, prepare, received, sleep, until, upgraded } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { optional, ServerProcess } from "../lib/server.mjs";
import { assertRefused, http1, Polling, SIO, Wire } from "../lib/wire.mjs";

const all256 = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const numbers = (n) => Array.from({ length: n }, (_, i) => [i]);

describe("event loop", optional(process.env.EVENT_LOOP_CMD, "EVENT_LOOP_CMD is not set"), () => {
  let server;
  before(async () => {
    server = await ServerProcess.start({}, { variable: "EVENT_LOOP_CMD" });
  });
  after(() => server?.stop());

  overEveryTransport((mode) => {
    test("echoes events, whatever is in them", async (t) => {
      const socket = await connect(t, server, { mode });
      const events = [[], [1, "two", { three: [3] }, null], ["é€😀\u2028\u001e"], [all256, { deep: [Buffer.alloc(100_000, 7)] }]];
      for (const args of events) socket.emit("message", ...args);
      same(await arrived(socket, "message-back", events.length), events);
    });

    test("acknowledges, text and bytes", async (t) => {
      const socket = await connect(t, server, { mode });
      assert.deepEqual(await call(socket, "message-with-ack"), []);
      assert.deepEqual(await call(socket, "message-with-ack", 1, { a: [all256] }), [1, { a: [all256] }]);
    });

    test("the socket's id is not the session's", async (t) => {
      const socket = await connect(t, server, { mode });
      assert.equal(socket.id.length, 20);
      assert.notEqual(socket.id, socket.io.engine.id);
    });

    test("refuses other namespaces, and the connection goes on", async (t) => {
      const { socket } = manager(t, server, { mode });
      const [root, other] = [await connected(socket("/")), socket("/nope")];
      const refused = outcome(other, "connect_error");
      other.connect();
      assert.equal((await refused)[0].message, "Invalid namespace");
      assert.equal(await ask(root, "message-with-ack", 1), 1);
    });

    test("a room hears what is sent to it, over every transport and with bytes; its sender and others do not", async (t) => {
      const sender = await connect(t, server, { mode });
      const inside = await Promise.all(["polling", "websocket", "upgraded"].map((m) => connect(t, server, { mode: m })));
      const outside = await connect(t, server);
      const room = `room-${mode}`;
      for (const socket of [sender, ...inside]) assert.deepEqual(await call(socket, "join", room), []);
      assert.deepEqual(await call(sender, "to-room", room, "news", "x", all256), []);
      for (const socket of inside) assert.deepEqual(await arrived(socket, "news"), [["x", all256]]);
      await Promise.all([sender, outside].map((socket) => ask(socket, "message-with-ack")));
      assert.deepEqual([sender, outside].map((socket) => received(socket, "news").length), [0, 0]);
    });

    test("5,000 events come back in their order", async (t) => {
      const socket = await connect(t, server, { mode });
      for (let i = 0; i < 5000; i++) socket.emit("message", i);
      same(await arrived(socket, "message-back", 5000), numbers(5000));
    });

    test("an event right after CONNECT is not lost", async (t) => {
      for (let i = 0; i < 10; i++) {
        const socket = prepare(t, server, { mode });
        socket.emit("message", "before");
        socket.once("connect", () => socket.emit("message", "after"));
        await connected(socket);
        assert.deepEqual(await arrived(socket, "message-back", 2), [["before"], ["after"]]);
        socket.disconnect();
      }
    });

    test("a client that was cut off comes back", async (t) => {
      const socket = await connect(t, server, { mode, reconnection: true, reconnectionDelay: 5, reconnectionDelayMax: 10 });
      const [old, again] = [socket.id, outcome(socket, "connect")];
      socket.io.engine.close();
      for (let i = 0; i < 20; i++) socket.emit("message", i);
      await again;
      assert.notEqual(socket.id, old);
      same(await arrived(socket, "message-back", 20), numbers(20));
    });

    test("a message of nearly the largest size comes back, a larger one ends the connection", async (t) => {
      const socket = await connect(t, server, { mode });
      const large = "x".repeat(990_000);
      assert.equal(await ask(socket, "message-with-ack", large), large);
      const gone = outcome(socket, "disconnect");
      socket.emit("message", large, large);
      assert.match((await gone)[0], /^transport (close|error)$/);
    });
  });

  test("nothing is lost or overtaken across the upgrade", async (t) => {
    const socket = await connect(t, server, { mode: "upgrading" });
    let sent = 0;
    // Small portions for as long as the upgrade takes, then the rest at once.
    while (socket.io.engine.transport.name !== "websocket") {
      for (let i = 0; i < 10; i++) socket.emit("message", sent++);
      await sleep(1);
    }
    while (sent < 5000) socket.emit("message", sent++);
    same(await arrived(socket, "message-back", sent), numbers(sent));
  });

  test("a hundred clients come, talk to each other, and go", async (t) => {
    const modes = ["polling", "websocket", "upgrading"];
    const sockets = await Promise.all(Array.from({ length: 100 }, (_, i) => connect(t, server, { mode: modes[i % 3] })));
    await Promise.all(sockets.map((socket) => ask(socket, "join", "everyone")));
    await Promise.all(sockets.map((socket, i) => ask(socket, "to-room", "everyone", "hello", i)));
    await until(() => sockets.every((socket) => received(socket, "hello").length === 99));
    for (const [i, socket] of sockets.entries()) i % 2 ? socket.disconnect() : socket.io.engine.close();
    await until(() => sockets.every((socket) => !socket.connected));
  });

  test("a cut WebSocket and an upgraded client", async (t) => {
    const socket = await upgraded(await connect(t, server, { mode: "upgrading", reconnection: true, reconnectionDelay: 5 }));
    const again = outcome(socket, "connect");
    socket.io.engine.transport.ws.terminate();
    await again;
    assert.equal(await ask(socket, "message-with-ack", 1), 1);
  });

  test("by hand: requests that are wrong, bodies that are too large or in chunks, polls that are dropped", async (t) => {
    assertRefused(await http1(server, "GET", `${SIO}?EIO=4&transport=pigeon`), 0);
    assertRefused(await http1(server, "GET", `${SIO}?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA`), 1);
    assertRefused(await http1(server, "POST", `${SIO}?EIO=4&transport=polling`, { body: "40" }), 2);
    assertRefused(await http1(server, "GET", `${SIO}?EIO=4&transport=websocket`), 3);
    assert.equal((await http1(server, "GET", "/elsewhere")).status, 404);

    const session = await Polling.open(t, server);
    assert.equal((await session.post("4".repeat(1_000_001))).status, 413);
    assert.equal((await session.post("40", { chunked: true })).status, 411);
    await session.send("40");
    assert.match((await session.collect(1))[0], /^40\{"sid":"[\w-]{20}"\}$/);
    await session.send('42["message",1]', '42["message",2]');
    assert.deepEqual(await session.collect(2), ['42["message-back",1]', '42["message-back",2]']);
    const poll = session.get();
    await sleep(50);
    poll.catch(() => {});
    poll.request.destroy();
    await until(async () => (await session.post("3")).status === 400);
  });

  test("by hand: a client that breaks the rules is closed", async (t) => {
    for (const packet of ['42["message"]', "49", "40/x,[]", "4"]) {
      const wire = await Wire.session(t, server);
      wire.send(packet);
      await wire.closed;
    }
  });
});
