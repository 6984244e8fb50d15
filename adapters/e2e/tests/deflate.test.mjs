// Compressed WebSocket messages: permessage-deflate, as the clients of Node speak it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { arrived, ask, call, connect, manager, outcome } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { EIO, rawUpgrade, SIO, UPGRADE_HEADERS, Wire } from "../lib/wire.mjs";

const OFFER = { threshold: 0 };
const PMD = "permessage-deflate";
const lorem = "Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam €😀. ";
const noise = (length) => createHash("shake256", { outputLength: length }).update("noise").digest();

/** What it costs to get the next message, in bytes on the wire. */
async function cost(wire, send) {
  const before = wire.socket._socket.bytesRead;
  send();
  const message = await wire.next();
  return [message, wire.socket._socket.bytesRead - before];
}

/** The WebSocket below a socket of the official client. */
const below = (socket) => socket.io.engine.transport.ws;

describe("deflate", () => {
  const server = useServer({ PER_MESSAGE_DEFLATE: 1 });

  test("is agreed on if it is offered", async (t) => {
    for (const path of [SIO, EIO]) {
      for (const [offered, agreed] of [[true, PMD], [false, ""]]) {
        const wire = await Wire.session(t, server, { path, perMessageDeflate: offered });
        assert.equal(wire.socket.extensions, agreed);
        if (path === SIO) await wire.join();
        await wire.assertAlive();
      }
    }
  });

  test("whatever the client asks for, messages come back", async (t) => {
    for (const options of [
      { serverNoContextTakeover: true }, { clientNoContextTakeover: true }, { clientMaxWindowBits: 10 }, { serverMaxWindowBits: 15 },
      { serverMaxWindowBits: 10 },
    ]) {
      const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: { ...OFFER, ...options } });
      if (options.serverMaxWindowBits !== 10) assert.equal(wire.socket.extensions, PMD, JSON.stringify(options));
      const text = `4${lorem.repeat(500)}`;
      wire.send(text, text);
      assert.deepEqual(await wire.take(2), [text, text]);
    }
  });

  test("a smaller window of the server is declined", oursOnly("agrees"), async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: { serverMaxWindowBits: 14 } });
    assert.equal(wire.socket.extensions, "");
  });

  test("a header that is broken does not keep the client out", oursOnly("answers 400"), async () => {
    for (const header of [`${PMD};`, `${PMD}; what`, "\"", ",,,", "x".repeat(5000), `${PMD}; server_max_window_bits`]) {
      const headers = { ...UPGRADE_HEADERS, "Sec-WebSocket-Extensions": header };
      const { upgraded, socket } = await rawUpgrade(server, `${EIO}?EIO=4&transport=websocket`, headers);
      assert.ok(upgraded, header);
      socket.destroy();
    }
    await server.empty();
  });

  test("messages of all kinds come back", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER });
    const messages = [
      "4", "4short", `4${lorem}`, `4${lorem.repeat(1000)}`, Buffer.alloc(0), Buffer.from([1, 2, 3]), Buffer.alloc(900_000, "abc"), noise(70_000),
      "4".padEnd(1023, "x"), "4".padEnd(1024, "x"), "4".padEnd(1_000_000, "x"), noise(900_000),
    ];
    wire.send(...messages, ...messages);
    same(await wire.take(2 * messages.length), [...messages, ...messages]);
  });

  test("long messages are compressed, short ones are not", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER });
    const long = `4${lorem.repeat(1000)}`;
    const [back, size] = await cost(wire, () => wire.send(long));
    assert.equal(back, long);
    assert.ok(size < long.length / 20, `${size} bytes`);
    for (const [message, bytes] of [["4".padEnd(1023, "x"), 1027], ["4x", 4]]) {
      const [back, size] = await cost(wire, () => wire.send(message));
      assert.equal(back, message);
      assert.equal(size, bytes);
    }
  });

  test("what would not shrink is sent as it is", oursOnly("sends what it made of it"), async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER });
    const [back, size] = await cost(wire, () => wire.send(noise(5000)));
    same(back, noise(5000));
    assert.equal(size, 5004);
  });

  test("a compressed message in fragments, with a ping in between", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER });
    const pong = outcome(wire.socket, "pong");
    const part = lorem.repeat(100);
    wire.socket.send(`4${part}`, { fin: false, compress: true });
    wire.socket.send(part, { fin: false, compress: true });
    wire.socket.ping("are you there");
    wire.socket.send(part, { fin: true, compress: true });
    assert.equal(String((await pong)[0]), "are you there");
    assert.equal(await wire.next(), `4${part}${part}${part}`);
  });

  test("compressed or not, the order is kept", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER });
    const messages = Array.from({ length: 600 }, (_, i) => {
      const text = `4${i}${lorem.repeat(i % 40)}`;
      return i % 3 ? text : Buffer.from(text);
    });
    messages.forEach((message, i) => wire.socket.send(message, { compress: i % 2 === 0 }));
    same(await wire.take(messages.length), messages);
  });

  test("what is not UTF-8 when inflated ends the session", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER });
    wire.socket.send(Buffer.from([0x34, 0xff, 0xfe]), { binary: false });
    assert.equal(await wire.assertClosed(), 1007);
  });

  for (const mode of ["websocket", "upgraded"])
    test(`the official client agrees by default [${mode}]`, async (t) => {
      const socket = await connect(t, server, { mode });
      assert.equal(below(socket).extensions, PMD);
      const big = { text: lorem.repeat(2000), list: Array.from({ length: 500 }, (_, i) => ({ i })) };
      const before = below(socket)._socket.bytesRead;
      assert.deepEqual(await call(socket, "message-with-ack", "small", big), ["small", big]);
      assert.ok(below(socket)._socket.bytesRead - before < lorem.length * 200);
      const bytes = Buffer.alloc(200_000, "binary");
      socket.emit("binary", bytes, { deep: [bytes, Buffer.from("short")] });
      same(await arrived(socket, "binary-back"), [[{ args: [bytes, { deep: [bytes, Buffer.from("short")] }], n: 3 }]]);
      await ask(socket, "whoami");
    });

  test("one message to clients with and without it", async (t) => {
    const [plain, first, second] = [
      await connect(t, server, { perMessageDeflate: false }), await connect(t, server), await connect(t, server, { mode: "polling" }),
    ];
    assert.equal(below(plain).extensions, "");
    await ask(plain, "emit-all", "news", lorem.repeat(500));
    for (const socket of [plain, first, second]) assert.deepEqual(await arrived(socket, "news"), [[lorem.repeat(500)]]);
  });

  test("several namespaces on one connection", async (t) => {
    const { socket } = manager(t, server);
    for (const nsp of ["/", "/custom"]) {
      const one = socket(nsp);
      const connected = outcome(one, "connect", ["connect_error"]);
      one.connect();
      await connected;
      assert.deepEqual(await call(one, "message-with-ack", lorem.repeat(300)), [lorem.repeat(300)]);
    }
  });
});

describe("deflate, small limit", () => {
  const MAX = 2000;
  const server = useServer({ PER_MESSAGE_DEFLATE: 1, MAX_HTTP_BUFFER_SIZE: MAX });

  test("the limit is that of what is inflated", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER });
    const messages = ["4".padEnd(MAX, "x"), noise(MAX)];
    wire.send(...messages);
    same(await wire.take(2), messages);
  });

  for (const size of [MAX + 1, 1000 * MAX, 50_000_000])
    test(`a bomb of ${size} bytes is closed with 1009`, async (t) => {
      const [wire, bystander] = [
        await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER }), await Wire.session(t, server, { path: EIO, perMessageDeflate: OFFER }),
      ];
      wire.socket.send(Buffer.alloc(size));
      assert.equal(await wire.assertClosed(5000), 1009);
      await bystander.assertAlive();
      await server.statsBecome({ engineSessions: 1 });
    });

  test("a client of Socket.IO that sends one is disconnected, the others are not", async (t) => {
    const [watcher, bomber] = [await connect(t, server), await connect(t, server)];
    await ask(watcher, "watch");
    const gone = outcome(bomber, "disconnect");
    bomber.emit("message", "0".repeat(1_000_000));
    await gone;
    const [[{ reason }]] = await arrived(watcher, "peer-disconnect");
    assert.match(reason, /transport error/);
    assert.ok(watcher.connected);
  });
});

describe("no deflate", () => {
  const server = useServer();

  test("nothing is agreed on, by default", async (t) => {
    for (const path of [SIO, EIO]) {
      const wire = await Wire.session(t, server, { path, perMessageDeflate: OFFER });
      assert.equal(wire.socket.extensions, "");
    }
    const socket = await connect(t, server);
    assert.equal(below(socket).extensions, "");
    assert.deepEqual(await call(socket, "message-with-ack", lorem.repeat(300)), [lorem.repeat(300)]);
  });

  test("a compressed message breaks the rules", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    wire.socket._sender._socket.write(Buffer.from([0xc1, 0x80, 0, 0, 0, 0]));
    assert.equal(await wire.assertClosed(), 1002);
  });
});
