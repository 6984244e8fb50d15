// Binary data in events and acknowledgements, both ways.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, call, connect, overEveryTransport, received, until } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { useServer } from "../lib/server.mjs";

const bytes = (length, f = (j) => j) => Buffer.from(Array.from({ length }, (_, j) => f(j) % 256));
const all256 = bytes(256);

describe("binary", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    test("comes back, alone, mixed and nested", async (t) => {
      const socket = await connect(t, server, { mode });
      const cases = [
        { args: [all256], n: 1 },
        { args: [Buffer.alloc(0)], n: 1 },
        { args: ["text", all256, 5], n: 1 },
        { args: [{ a: { b: [all256, { c: Buffer.from("x") }] }, s: "€😀" }, null, [Buffer.from([0])]], n: 3 },
        { args: ["no binary", { _placeholder: "false", num: 1 }], n: 0 },
        { args: [bytes(200_000, (j) => j * 7)], n: 1 },
        { args: Array.from({ length: 10 }, (_, i) => Buffer.from([i])), n: 10 },
      ];
      for (const { args } of cases) socket.emit("binary", ...args);
      const back = await arrived(socket, "binary-back", cases.length);
      same(back, cases.map((c) => [c]));
    });

    test("typed arrays and array buffers arrive as bytes", async (t) => {
      const socket = await connect(t, server, { mode });
      socket.emit("binary", new Uint8Array([1, 2, 3]), new Uint16Array([258]).buffer, new DataView(new ArrayBuffer(2)));
      const [[{ args, n }]] = await arrived(socket, "binary-back");
      assert.equal(n, 3);
      assert.deepEqual(args, [Buffer.from([1, 2, 3]), Buffer.from([2, 1]), Buffer.from([0, 0])]);
    });

    test("the server sends blobs, one of them twice and deep", async (t) => {
      const socket = await connect(t, server, { mode });
      for (const sizes of [[3], [0, 1, 257], [70_000, 5], Array(9).fill(4)]) {
        socket.log.length = 0;
        socket.emit("send-binary", sizes);
        const [[{ blobs, nested }]] = await arrived(socket, "binary-data");
        same(blobs, sizes.map((size, i) => bytes(size, (j) => 31 * i + j)));
        assert.deepEqual(nested, { deep: [{ last: blobs.at(-1) }] });
      }
    });

    test("in acknowledgements, both ways", async (t) => {
      const socket = await connect(t, server, { mode });
      assert.deepEqual(await call(socket, "message-with-ack", all256, { deep: [all256] }), [all256, { deep: [all256] }]);
      socket.on("server-ack-request", (payload, ack) => ack(payload, Buffer.from("answer")));
      socket.emit("server-ack", { b: all256 });
      assert.deepEqual(await arrived(socket, "server-ack-result"), [[[{ b: all256 }, Buffer.from("answer")]]]);
    });

    test("text and binary keep their order", async (t) => {
      const socket = await connect(t, server, { mode });
      const sent = Array.from({ length: 300 }, (_, i) => [i, i % 3 ? Buffer.from(`${i}`) : `${i}`, i % 2 ? { b: Buffer.from([i % 256]) } : null]);
      for (const args of sent) socket.emit("message", ...args);
      same(await arrived(socket, "message-back", sent.length), sent);
    });

    test("reaches a room over every transport at once", async (t) => {
      const sender = await connect(t, server, { mode });
      const receivers = await Promise.all(["polling", "websocket", "upgraded"].map((m) => connect(t, server, { mode: m })));
      for (const r of receivers) await ask(r, "join", `blob-${mode}`);
      await ask(sender, "to-room", `blob-${mode}`, "blob", all256, { again: all256 }, "end");
      await until(() => receivers.every((r) => received(r, "blob").length === 1));
      for (const r of receivers) assert.deepEqual(received(r, "blob"), [[all256, { again: all256 }, "end"]]);
    });
  });

  test("of no blobs there is no last one", async (t) => {
    const socket = await connect(t, server);
    socket.emit("send-binary", []);
    assert.deepEqual(await arrived(socket, "binary-data"), [[{ blobs: [], nested: { deep: [{}] } }]]);
  });

  test("a client that forces base64 over WebSocket is understood", async (t) => {
    const socket = await connect(t, server, { mode: "websocket", forceBase64: true });
    socket.emit("binary", all256, { x: Buffer.from([1]) });
    assert.deepEqual(await arrived(socket, "binary-back"), [[{ args: [all256, { x: Buffer.from([1]) }], n: 2 }]]);
  });
});
