// The parser of npm's socket.io-msgpack-parser: with the client, by hand, and with the client 2.x of its time.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { arrived, ask, barrier, call, connect, connected, manager, outcome, overEveryTransport, prepare, received } from "../lib/client.mjs";
import { askOld, connectOld, OLD_MODES, prepareOld } from "../lib/old-client.mjs";
import { same } from "../lib/same.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { Polling, Wire } from "../lib/wire.mjs";

const require = createRequire(import.meta.url);
const parser = require("socket.io-msgpack-parser");
const oldParser = require("socket.io-msgpack-parser-2");

const encode = (packet) => new parser.Encoder().encode(packet)[0];
const decode = (message) => {
  let packet;
  const decoder = new parser.Decoder();
  decoder.on("decoded", (decoded) => (packet = decoded));
  decoder.add(message);
  return packet;
};
const bytes = (length) => Buffer.from(Array.from({ length }, (_, i) => (i * 7) % 256));

describe("msgpack", () => {
  const server = useServer({ PARSER: "msgpack" });

  overEveryTransport((mode) => {
    test("values come back", async (t) => {
      const socket = await connect(t, server, { mode, parser });
      const values = [
        null, true, false, "", "text", "é€😀", "\0\"\\\n\u2028", "x".repeat(31), "x".repeat(32), "x".repeat(70_000), "€".repeat(30_000),
        0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31),
        -(2 ** 31) - 1, -(2 ** 53) + 1, 0.5, -0.1, 1e-7, 5e-324, [], {}, [[[[]]]], [1, ["two", [null, { three: 3 }]]],
        { a: { b: { c: [1, { d: "e" }] } }, "": "empty", "€": "euro" }, Array.from({ length: 16 }, (_, i) => i), Array(70_000).fill(7),
        Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key ${i}`, i])), { _placeholder: true, num: 0 }, { toString: 1, ["__proto__x"]: 2 },
      ];
      for (const value of values) socket.emit("message", value, "second");
      same(await arrived(socket, "message-back", values.length), values.map((value) => [value, "second"]));
      assert.deepEqual(await call(socket, "message-with-ack", ...values.slice(0, 10)), values.slice(0, 10));
      assert.deepEqual(await call(socket, "message-with-ack"), []);
    });

    test("what JSON cannot say", oursOnly("keeps it"), async (t) => {
      const socket = await connect(t, server, { mode, parser });
      const date = new Date("2001-02-03T04:05:06.789Z");
      assert.deepEqual(await call(socket, "message-with-ack", undefined, NaN, Infinity, [undefined], { u: undefined, v: 1 }, date), [
        null, null, null, [null], { v: 1 }, date.toJSON(),
      ]);
    });

    test("binary, alone, mixed and nested", async (t) => {
      const socket = await connect(t, server, { mode, parser });
      const cases = [
        { args: [bytes(256)], n: 1 },
        { args: [Buffer.alloc(0)], n: 1 },
        { args: ["text", bytes(3), 5], n: 1 },
        { args: [{ a: { b: [bytes(4), { c: Buffer.from("x") }] }, s: "€😀" }, null, [Buffer.from([0])]], n: 3 },
        { args: [bytes(200_000)], n: 1 },
        { args: Array.from({ length: 10 }, (_, i) => Buffer.from([i])), n: 10 },
      ];
      for (const { args } of cases) socket.emit("binary", ...args);
      same(await arrived(socket, "binary-back", cases.length), cases.map((c) => [c]));
      socket.emit("binary", new Uint8Array([1, 2, 3]), new Uint16Array([258]).buffer, new ArrayBuffer(1));
      assert.deepEqual((await arrived(socket, "binary-back", cases.length + 1)).at(-1), [
        { args: [Buffer.from([1, 2, 3]), Buffer.from([2, 1]), Buffer.from([0])], n: 3 },
      ]);
      socket.emit("send-binary", [3, 70_000]);
      const [[{ blobs, nested }]] = await arrived(socket, "binary-data");
      assert.deepEqual(blobs.map((blob) => blob.length), [3, 70_000]);
      assert.deepEqual(nested, { deep: [{ last: blobs[1] }] });
    });

    test("acknowledgements both ways", async (t) => {
      const socket = await connect(t, server, { mode, parser });
      assert.deepEqual(await call(socket, "message-with-ack", bytes(9), { deep: [bytes(1)] }), [bytes(9), { deep: [bytes(1)] }]);
      for (const event of ["server-ack-request", "timeout-ack-request", "broadcast-ack-request"])
        socket.on(event, (payload, ack) => ack(payload, Buffer.from("answer")));
      socket.emit("server-ack", { b: bytes(5) });
      assert.deepEqual(await arrived(socket, "server-ack-result"), [[[{ b: bytes(5) }, Buffer.from("answer")]]]);
      socket.emit("timeout-ack", 4000, 1);
      assert.deepEqual(await arrived(socket, "timeout-ack-result"), [[{ timedOut: false, args: [1, Buffer.from("answer")] }]]);
      await ask(socket, "join", `acks-${mode}`);
      socket.emit("broadcast-ack", `acks-${mode}`, 4000, "p");
      assert.deepEqual(await arrived(socket, "broadcast-ack-result"), [[{ timedOut: false, responses: ["p"] }]]);
      assert.deepEqual(await Promise.all([90, 0, 45].map((ms) => ask(socket, "delay-ack", ms, ms))), [90, 0, 45]);
    });

    test("rooms and broadcasts", async (t) => {
      const sockets = await Promise.all([1, 2, 3].map(() => connect(t, server, { mode, parser })));
      const [a, b, c] = sockets;
      const room = `room-${mode}`;
      for (const member of [a, b]) assert.deepEqual(await call(member, "join", room), []);
      await ask(a, "to-room", room, "news", 1, bytes(3));
      await ask(a, "in-room", room, "news", 2);
      await ask(a, "except-room", room, "news", 3);
      await ask(a, "broadcast", "news", 4);
      await ask(a, "to-id", c.id, "news", { five: bytes(5) });
      await barrier(...sockets);
      assert.deepEqual(sockets.map((socket) => received(socket, "news")), [
        [[2]], [[1, bytes(3)], [2], [4]], [[3], [4], [{ five: bytes(5) }]],
      ]);
      assert.deepEqual(await ask(b, "rooms"), [b.id, room].sort());
    });

    test("namespaces, credentials, refusal with data, leaving", async (t) => {
      const { socket } = manager(t, server, { mode, parser });
      const main = await connected(socket("/", { auth: { name: "Zoë", key: Buffer.from([1, 255]), no: undefined } }));
      assert.deepEqual(await arrived(main, "auth"), [[{ name: "Zoë", key: process.env.REFERENCE === "1" ? Buffer.from([1, 255]) : [1, 255] }]]);
      const admin = socket("/admin", { auth: { token: "wrong" } });
      const refused = outcome(admin, "connect_error", ["connect"]);
      admin.connect();
      const [error] = await refused;
      assert.deepEqual([error.message, error.data], ["not authorized", { code: 401, hint: "token" }]);
      admin.auth = { token: "s3cret" };
      await connected(admin);
      assert.equal((await ask(admin, "whoami")).nsp, "/admin");
      const nowhere = socket("/nowhere");
      const invalid = outcome(nowhere, "connect_error", ["connect"]);
      nowhere.connect();
      assert.equal((await invalid)[0].message, "Invalid namespace");
      const dynamic = await connected(socket("/dyn-5"));
      dynamic.disconnect();
      await server.statsBecome({ sockets: 2, sessions: 1 });
      const gone = outcome(admin, "disconnect");
      admin.emit("disconnect-me", false);
      assert.equal((await gone)[0], "io server disconnect");
      assert.deepEqual(await ask(main, "message-with-ack", "still here"), "still here");
      const over = outcome(main, "disconnect");
      main.emit("disconnect-me", true);
      assert.equal((await over)[0], "io server disconnect");
      await server.empty();
    });

    test("3,000 events each way keep their order", async (t) => {
      const socket = prepare(t, server, { mode, parser });
      for (let i = 0; i < 100; i++) socket.emit("seq", i);
      await connected(socket);
      socket.emit("burst", 3000);
      for (let i = 100; i < 3000; i++) socket.emit("seq", i);
      assert.deepEqual(await ask(socket, "seq-report"), { next: 3000, errors: 0 });
      await arrived(socket, "burst-done");
      same(received(socket, "burst-item"), Array.from({ length: 3000 }, (_, i) => [i]));
    });
  });

  test("both ways at once across an upgrade", async (t) => {
    const socket = await connect(t, server, { mode: "upgrading", parser });
    const { engine } = socket.io;
    let sent = 0;
    const deadline = Date.now() + 5000;
    for (let after = 0; after < 20; after += engine.transport.name === "websocket" ? 1 : 0) {
      assert.ok(Date.now() < deadline, "the upgrade comes to an end");
      for (let i = 0; i < 10; i++) socket.emit("message", sent++, Buffer.from([sent % 256]));
      await new Promise(setImmediate);
    }
    assert.equal((await ask(socket, "whoami")).transport, "websocket");
    same(await arrived(socket, "message-back", sent), Array.from({ length: sent }, (_, i) => [i, Buffer.from([(i + 1) % 256])]));
  });

  test("a client that forces base64 is understood", async (t) => {
    for (const mode of ["polling", "websocket"]) {
      const socket = await connect(t, server, { mode, parser, forceBase64: true });
      assert.deepEqual(await ask(socket, "message-with-ack", bytes(300)), bytes(300));
    }
  });
});

describe("msgpack by hand", () => {
  const server = useServer({ PARSER: "msgpack" });
  const joined = async (t) => {
    const wire = await Wire.session(t, server);
    wire.send(encode({ type: 0, nsp: "/" }));
    const { data } = decode(await wire.next());
    assert.equal(typeof data.sid, "string");
    assert.deepEqual(decode(await wire.next()), { type: 2, nsp: "/", data: ["auth", {}] });
    return wire;
  };
  const alive = async (wire) => {
    const token = `alive-${Math.random()}`;
    wire.send(encode({ type: 2, nsp: "/", data: ["message", token] }));
    assert.deepEqual(decode(await wire.next()), { type: 2, nsp: "/", data: ["message-back", token] });
  };

  test("each packet is one binary message", async (t) => {
    const wire = await joined(t);
    wire.send(encode({ type: 2, data: ["message-with-ack", Buffer.from([1, 2]), { b: Buffer.from([3]) }], id: 300, nsp: "/", options: { compress: true } }));
    const ack = await wire.next();
    assert.deepEqual(decode(ack), { type: 3, nsp: "/", id: 300, data: [Buffer.from([1, 2]), { b: Buffer.from([3]) }] });
    wire.send(encode({ type: 0, nsp: "/admin", data: { token: "no" } }));
    assert.deepEqual(decode(await wire.next()), { type: 4, nsp: "/admin", data: { message: "not authorized", data: { code: 401, hint: "token" } } });
    wire.send(encode({ type: 2, nsp: "/", data: ["disconnect-me", false] }));
    assert.deepEqual(decode(await wire.next()), { type: 1, nsp: "/" });
  });

  test("over polling it is base64", async (t) => {
    const session = await Polling.open(t, server);
    await session.send(`b${encode({ type: 0, nsp: "/" }).toString("base64")}`);
    const packets = (await session.collect(2)).map((packet) => decode(Buffer.from(packet.slice(1), "base64")));
    assert.deepEqual(packets.map(({ type, data }) => [type, Array.isArray(data) ? data[0] : typeof data.sid]), [[0, "string"], [2, "auth"]]);
  });

  const event = (...data) => encode({ type: 2, nsp: "/", data });
  const head = Buffer.from("83a47479706502a36e7370a12fa464617461", "hex"); // an event up to its data
  const illegal = {
    "a text packet": '42["message",1]',
    "a text that is a CONNECT": "40/custom,",
    "no bytes": Buffer.alloc(0),
    "half a packet": event("message", 1).subarray(0, -1),
    "a packet and more": Buffer.concat([event("message", 1), Buffer.from([0])]),
    "two packets": Buffer.concat([event("message", 1), event("message", 1)]),
    "no map": encode(["message"]),
    "a number": encode(7),
    "the byte without a meaning": Buffer.from([0xc1]),
    "type 5": encode({ type: 5, nsp: "/", data: ["message"] }),
    "type 6": encode({ type: 6, nsp: "/", id: 0, data: [] }),
    "type 1.5": encode({ type: 1.5, nsp: "/" }),
    "a type of text": encode({ type: "2", nsp: "/", data: ["message"] }),
    "no type": encode({ nsp: "/", data: ["message"] }),
    "no namespace": encode({ type: 2, data: ["message"] }),
    "a namespace of a number": encode({ type: 2, nsp: 1, data: ["message"] }),
    "no data": encode({ type: 2, nsp: "/" }),
    "data of text": encode({ type: 2, nsp: "/", data: "message" }),
    "data of an object": encode({ type: 2, nsp: "/", data: { 0: "message" } }),
    "an acknowledgement without a list": encode({ type: 3, nsp: "/", id: 0, data: null }),
    "an id of text": encode({ type: 2, nsp: "/", id: "1", data: ["message"] }),
    "null for an id": encode({ type: 2, nsp: "/", id: null, data: ["message"] }),
    "a second CONNECT": encode({ type: 0, nsp: "/" }),
    "a CONNECT with a list": encode({ type: 0, nsp: "/custom", data: [] }),
    "a CONNECT with text": encode({ type: 0, nsp: "/custom", data: "x" }),
    "a CONNECT with null": encode({ type: 0, nsp: "/custom", data: null }),
    "a DISCONNECT with data": encode({ type: 1, nsp: "/", data: {} }),
    "CONNECT_ERROR": encode({ type: 4, nsp: "/", data: { message: "no" } }),
    "a namespace that was not joined": encode({ type: 2, nsp: "/custom", data: ["message"] }),
    "a length beyond the end": Buffer.concat([head, Buffer.from("dbffffffff", "hex")]),
    "an array of four billion": Buffer.concat([head, Buffer.from("ddffffffff", "hex")]),
    "a map of four billion": Buffer.concat([head, Buffer.from("91dfffffffff", "hex")]),
    "binary of four billion bytes": Buffer.concat([head, Buffer.from("92a161c6ffffffff", "hex")]),
    "depth without an end": Buffer.concat([head, Buffer.alloc(500_000, 0x91)]),
  };
  const oursAlone = {
    "an event without a name": encode({ type: 2, nsp: "/", data: [] }),
    "null for a name": event(null),
    "a reserved name": event("disconnect"),
    "an acknowledgement without an id": encode({ type: 3, nsp: "/", data: [] }),
    "a negative id": encode({ type: 2, nsp: "/", id: -1, data: ["message"] }),
    "a namespace without its slash": encode({ type: 0, nsp: "custom" }),
    "text that is not UTF-8": Buffer.concat([head, Buffer.from("92a76d657373616765a2c328", "hex")]),
    "a key that is a list": Buffer.concat([head, Buffer.from("92a76d657373616765819001", "hex")]),
    "too many attachments": event("binary", ...Array(1000).fill(Buffer.from([1]))),
    "a lookalike of a placeholder beside bytes": event("binary", { _placeholder: true, num: 0 }, Buffer.from([1])),
  };
  const refuses = (what, message, options) =>
    test(`illegal: ${what}`, options, async (t) => {
      const [bystander, wire] = [await joined(t), await joined(t)];
      wire.send(message);
      await wire.assertClosed();
      await alive(bystander);
      await server.statsBecome({ sockets: 1, sessions: 1 });
    });
  for (const [what, message] of Object.entries(illegal)) refuses(what, message);
  for (const [what, message] of Object.entries(oursAlone)) refuses(what, message, oursOnly("takes it"));

  test("depth that ends does not end the server", oursOnly("recurses"), async (t) => {
    const [bystander, wire] = [await joined(t), await joined(t)];
    const deep = Buffer.concat([head, Buffer.from("92a76d657373616765", "hex"), Buffer.alloc(400_000, 0x91), Buffer.from([1])]);
    wire.send(deep);
    const back = await wire.next();
    assert.equal(back.length, deep.length + "-back".length);
    await alive(wire);
    await alive(bystander);
  });
});

describe("msgpack and the client 2.x", () => {
  const server = useServer({ PARSER: "msgpack", EIO3: 1 });

  for (const mode of Object.keys(OLD_MODES))
    test(`events, binary, acknowledgements, namespaces [${mode}]`, oursOnly("understands 3.x only"), async (t) => {
      const options = { mode, parser: oldParser };
      const socket = await connectOld(t, server, "2", options);
      assert.deepEqual(socket.auth, {});
      assert.deepEqual(await askOld(socket, "message-with-ack", { a: [1, "€😀", null] }), { a: [1, "€😀", null] });
      const back = outcome(socket, "binary-back");
      socket.emit("binary", bytes(300), { deep: [bytes(2)] });
      assert.deepEqual(await back, [{ args: [bytes(300), { deep: [bytes(2)] }], n: 2 }]);
      socket.on("server-ack-request", (payload, ack) => ack(payload, bytes(4)));
      const result = outcome(socket, "server-ack-result");
      socket.emit("server-ack", "question");
      assert.deepEqual(await result, [["question", bytes(4)]]);

      const custom = await connectOld(t, server, "2", { ...options, nsp: "/admin", query: { token: "s3cret" } });
      assert.equal(custom.auth.token, "s3cret");
      assert.equal((await askOld(custom, "whoami")).nsp, "/admin");
      const refused = prepareOld(t, server, "2", { ...options, nsp: "/admin", query: { token: "wrong" } });
      const error = outcome(refused, "error", ["connect"]);
      refused.open();
      assert.deepEqual(await error, ["not authorized"]);
      custom.close();
    });
});
