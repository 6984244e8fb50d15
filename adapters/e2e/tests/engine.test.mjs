// The bare Engine.IO server, with the official Engine.IO client.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Socket } from "engine.io-client";
import { MODES, outcome, overEveryTransport, until } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { useServer } from "../lib/server.mjs";
import { EIO, http1, Wire } from "../lib/wire.mjs";

async function open(t, server, mode, options = {}) {
  const socket = new Socket(server.url, { path: "/engine.io/", transports: MODES[mode], ...options });
  socket.binaryType = "nodebuffer";
  socket.messages = [];
  // The client library delivers an empty text as undefined.
  socket.on("message", (data) => socket.messages.push(data ?? ""));
  t.after(() => socket.close());
  await outcome(socket, "open", ["error", "close"]);
  if (mode === "upgraded") await outcome(socket, "upgrade", ["upgradeError", "close"]);
  return socket;
}

async function echoed(socket, messages) {
  const before = socket.messages.length;
  for (const message of messages) socket.send(message);
  await until(() => socket.messages.length >= before + messages.length, 5000, () => `${socket.messages.length - before} of ${messages.length} echoes`);
  same(socket.messages.slice(before), messages);
}

describe("engine", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    test("the handshake", async (t) => {
      const socket = await open(t, server, mode);
      assert.match(socket.id, /^[\w-]{20}$/);
      assert.equal(socket._maxPayload ?? socket.maxPayload, 1_000_000);
      await server.statsBecome({ engineSessions: 1, sessions: 0 });
    });

    test("text and binary come back as such, in order", async (t) => {
      const socket = await open(t, server, mode);
      await echoed(socket, ["a", "", "€😀\u0000\u001f", "b64?", Buffer.from([0, 1, 255]), "1", Buffer.alloc(0), Buffer.from("text as bytes"), "x".repeat(300_000), Buffer.alloc(300_000, 7), "end"]);
    });

    test("!burst", async (t) => {
      const socket = await open(t, server, mode);
      socket.send("!burst 5000");
      socket.send("end");
      await until(() => socket.messages.length >= 5001);
      same(socket.messages, [...Array.from({ length: 5000 }, (_, i) => `${i}`), "end"]);
    });

    test("!close closes the session", async (t) => {
      const socket = await open(t, server, mode);
      const closed = outcome(socket, "close");
      socket.send("last words");
      socket.send("!close");
      await closed;
      assert.deepEqual(socket.messages, ["last words"], "what was sent before the close arrives");
      await server.empty();
    });

    test("the client closes", async (t) => {
      const socket = await open(t, server, mode);
      socket.send("bye");
      socket.close();
      await server.empty();
    });
  });

  test("echo all through an upgrade", async (t) => {
    const socket = await open(t, server, "upgrading");
    let upgraded = false;
    socket.once("upgrade", () => (upgraded = true));
    const sent = [];
    for (let after = 0; after < 20; after += upgraded ? 1 : 0) {
      const batch = Array.from({ length: 20 }, (_, i) => (i % 4 ? `${sent.length + i}` : Buffer.from(`${sent.length + i}`)));
      for (const message of batch) socket.send(message);
      sent.push(...batch);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await until(() => socket.messages.length >= sent.length);
    same(socket.messages, sent);
    assert.equal(socket.transport.name, "websocket");
  });

  test("by hand: base64 over WebSocket, and scripts", async (t) => {
    const wire = await Wire.open(t, server, `${EIO}?EIO=4&transport=websocket&b64=1`);
    assert.match(await wire.next(), /^0\{/);
    wire.send("4text", Buffer.from([1, 2, 3]), "bAQ==");
    assert.deepEqual(await wire.take(3), ["4text", "bAQID", "bAQ=="]);

    const open = await http1(server, "GET", `${EIO}?EIO=4&transport=polling&j=5`);
    const heard = [];
    const read = ({ text }) => (new Function("___eio", text)({ 5: (body) => heard.push(body) }), heard.at(-1));
    const { sid } = JSON.parse(read(open).slice(1));
    const path = `${EIO}?EIO=4&transport=polling&j=6&sid=${sid}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { text } = await http1(server, "POST", path, { body: `d=${encodeURIComponent("4a€\x1ebAQ==")}`, headers });
    assert.equal(text, "ok");
    let answer = "";
    while (answer.length < 7) answer += `${answer && "\x1e"}${read(await http1(server, "GET", path))}`;
    assert.equal(answer, "4a€\x1ebAQ==");
    await http1(server, "POST", path, { body: "d=1", headers });
  });

  test("a client that forces base64 is understood and answered", async (t) => {
    for (const mode of ["polling", "websocket"]) {
      const socket = await open(t, server, mode, { forceBase64: true });
      await echoed(socket, [Buffer.from([1, 2, 3]), "text", Buffer.from([255])]);
    }
  });
});
