// WebSocket sessions by hand.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { oursOnly, useServer } from "../lib/server.mjs";
import { EIO, rawUpgrade, SIO, UPGRADE_HEADERS, Wire } from "../lib/wire.mjs";

describe("websocket", () => {
  const server = useServer();

  test("the handshake", async (t) => {
    for (const path of [SIO, EIO]) {
      const { handshake } = await Wire.session(t, server, { path });
      assert.deepEqual(handshake, {
        sid: handshake.sid, upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000,
      });
    }
  });

  test("permessage-deflate is not agreed on", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: true });
    assert.equal(wire.socket.extensions, "");
    await wire.assertAlive();
  });

  test("text as text, binary as binary, base64 as binary", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    wire.send("4text", "4", Buffer.from([1, 2, 3]), Buffer.alloc(0), "bAQID", "4€😀");
    assert.deepEqual(await wire.take(6), ["4text", "4", Buffer.from([1, 2, 3]), Buffer.alloc(0), Buffer.from([1, 2, 3]), "4€😀"]);
  });

  test("a message in fragments, with pings of WebSocket in between", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    const pong = new Promise((resolve) => wire.socket.once("pong", (data) => resolve(data.toString())));
    wire.socket.send("4one", { fin: false });
    wire.socket.ping("are you there");
    wire.socket.send(" two", { fin: false });
    wire.socket.send(" three", { fin: true });
    assert.equal(await pong, "are you there");
    assert.equal(await wire.next(), "4one two three");
  });

  for (const [what, message] of Object.entries({
    "an unknown packet": "9", "letters": "abc", "an empty text": "", "no base64": "b!", "a ping": "2", "a probe without need": "2probe",
  }))
    test(`${what} ends the session`, what === "no base64" ? oursOnly("reads as much of it as is base64") : {}, async (t) => {
      const [wire, bystander] = [await Wire.session(t, server, { path: EIO }), await Wire.session(t, server, { path: EIO })];
      wire.send(message);
      await wire.assertClosed();
      await bystander.assertAlive();
      wire.socket.close();
    });

  test("broken UTF-8 in a text message ends the session", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    wire.socket.send(Buffer.from([0x34, 0xff, 0xfe]), { binary: false });
    const code = await wire.assertClosed();
    assert.ok(code === 1007 || code === 1002, `closed with ${code}`);
  });

  test("a close packet closes at once", oursOnly("ignores it until the heartbeat fails"), async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    wire.send("1");
    await wire.assertClosed(1000);
    await server.empty(1000);
  });

  test("the server closes after what it sent before", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    wire.send("4last", "4!close");
    assert.equal(await wire.next(), "4last");
    await wire.assertClosed();
    await server.empty();
  });

  test("upgrades that are none", async (t) => {
    const path = `${EIO}?EIO=4&transport=websocket`;
    const wrong = {
      "another protocol": { Upgrade: "h2c" },
      "no key": { "Sec-WebSocket-Key": undefined },
      "a short key": { "Sec-WebSocket-Key": "AAAA" },
      "no version": { "Sec-WebSocket-Version": undefined },
      "a version of the past": { "Sec-WebSocket-Version": "7" },
      "no connection header": { Connection: "keep-alive" },
      "no upgrade header": { Upgrade: undefined },
    };
    for (const [what, headers] of Object.entries(wrong)) {
      const merged = { ...UPGRADE_HEADERS, ...headers };
      for (const [name, value] of Object.entries(merged)) if (value === undefined) delete merged[name];
      const { upgraded, status } = await rawUpgrade(server, path, merged);
      assert.equal(upgraded, false, what);
      assert.ok(status === 0 || (status >= 400 && status < 500), `${what}: ${status}`);
    }
    const { upgraded } = await rawUpgrade(server, path, UPGRADE_HEADERS, { method: "POST" });
    assert.equal(upgraded, false, "by POST");
    await server.empty();
  });

  test("a line that drops between the 101 and the open packet leaves no session", async () => {
    for (const path of [SIO, EIO]) {
      const query = `${path}?EIO=4&transport=websocket`;
      const sockets = await Promise.all(Array.from({ length: 30 }, () => rawUpgrade(server, query, UPGRADE_HEADERS)));
      for (const { upgraded, socket } of sockets) {
        assert.ok(upgraded);
        socket.destroy();
      }
    }
    await server.empty();
  });

  test("a line that drops before the 101 leaves no session", async () => {
    const net = await import("node:net");
    await Promise.all(Array.from({ length: 30 }, (_, i) => new Promise((resolve) => {
      const socket = net.connect(server.port, "127.0.0.1", () => {
        const lines = [`GET ${EIO}?EIO=4&transport=websocket HTTP/1.1`, "Host: x", ...Object.entries(UPGRADE_HEADERS).map((h) => h.join(": ")), "", ""];
        socket.write(lines.join("\r\n"), () => (i % 2 ? socket.resetAndDestroy() : socket.destroy()));
      });
      socket.on("error", () => {});
      socket.on("close", resolve);
    })));
    await server.empty();
  });

  test("one by one or all at once, the order is kept", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    const messages = Array.from({ length: 2000 }, (_, i) => (i % 3 ? `4${i}` : Buffer.from(`${i}`)));
    wire.send(...messages);
    assert.deepEqual(await wire.take(messages.length), messages);
  });
});

describe("websocket, small limit", () => {
  const MAX = 2000;
  const server = useServer({ MAX_HTTP_BUFFER_SIZE: MAX });

  test("exactly the limit is accepted, in bytes", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    const messages = ["4".padEnd(MAX, "x"), Buffer.alloc(MAX, 1), `4x${"€".repeat((MAX - 2) / 3)}`];
    wire.send(...messages);
    assert.deepEqual(await wire.take(3), messages);
  });

  for (const [what, send] of Object.entries({
    "text": (socket) => socket.send("4".padEnd(MAX + 1, "x")),
    "binary": (socket) => socket.send(Buffer.alloc(MAX + 1)),
    "much": (socket) => socket.send(Buffer.alloc(1000 * MAX)),
    "fragments": (socket) => {
      socket.send("4".padEnd(MAX - 10, "x"), { fin: false });
      socket.send("y".repeat(11), { fin: true });
    },
  }))
    test(`too large a message (${what}) is closed with 1009`, async (t) => {
      const [wire, bystander] = [await Wire.session(t, server, { path: EIO }), await Wire.session(t, server, { path: EIO })];
      send(wire.socket);
      assert.equal(await wire.assertClosed(), 1009);
      await bystander.assertAlive();
      await server.statsBecome({ engineSessions: 1 });
    });
});
