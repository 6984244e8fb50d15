// What every generation of the JavaScript client can do, and all of them together.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { outcome } from "../lib/client.mjs";
import { askOld, connectOld, GENERATIONS, OLD_MODES, prepareOld, speakable } from "../lib/old-client.mjs";
import { same } from "../lib/same.mjs";
import { useServer } from "../lib/server.mjs";

const MODES = ["polling", "websocket", "upgraded"];
const numbers = (n) => Array.from({ length: n }, (_, i) => i);
const received = (socket, event) => socket.log.filter(([name]) => name === event).map(([, ...args]) => args);
/** Bytes as numbers: some clients give Buffers, others ArrayBuffers. */
const plain = (value) => {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength)];
  if (Array.isArray(value)) return value.map(plain);
  return value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)])) : value;
};

describe("clients", () => {
  const server = useServer({ EIO3: 1 });
  const isOld = (version) => version < 3;

  for (const version of Object.keys(GENERATIONS))
    for (const mode of MODES) {
      test(`talking, asking and answering [${version}.x, ${mode}]`, async (t) => {
        const socket = await connectOld(t, server, version, { mode, ...(!isOld(version) && { auth: { name: "Zoë" } }), query: { a: "b c" } });
        const say = speakable(version, mode);
        assert.deepEqual(socket.auth, isOld(version) ? {} : { name: "Zoë" });
        assert.deepEqual((await askOld(socket, "handshake")).query.a, "b c");
        const { id, protocol, transport } = await askOld(socket, "whoami");
        assert.deepEqual({ id, protocol, transport }, { id: socket.id, protocol: isOld(version) ? 3 : 4, transport: mode === "upgraded" ? "websocket" : mode });
        const lists = [[], ["a", 1, null, { b: [true] }], say(["Zoë €😀 \u2028"]), ["x".repeat(100_000)], [Buffer.from([0, 128, 255]), { deep: [Buffer.alloc(3)] }, "t"]];
        for (const args of lists) socket.emit("message", ...args);
        for (const i of numbers(200)) socket.emit("seq", i);
        assert.deepEqual(await askOld(socket, "seq-report"), { next: 200, errors: 0 });
        same(plain(received(socket, "message-back")), plain(lists));
        socket.on("server-ack-request", (payload, ack) => ack("yes", payload));
        socket.on("timeout-ack-request", (payload, ack) => payload && ack(payload));
        const results = [outcome(socket, "server-ack-result"), outcome(socket, "timeout-ack-result")];
        socket.emit("server-ack", { q: 1 });
        socket.emit("timeout-ack", 4000, 7);
        assert.deepEqual(await Promise.all(results), [[["yes", { q: 1 }]], [{ timedOut: false, args: [7] }]]);
        socket.emit("burst", 500);
        await outcome(socket, "burst-done");
        same(received(socket, "burst-item"), numbers(500).map((i) => [i]));
      });

      test(`refused, let in, sent away, back again [${version}.x, ${mode}]`, async (t) => {
        const refused = prepareOld(t, server, version, { mode, nsp: "/admin" });
        const refusal = outcome(refused, isOld(version) ? "error" : "connect_error", ["connect"]);
        refused.open();
        const [error] = await refusal;
        assert.deepEqual(isOld(version) ? error : { message: error.message, ...error.data }, isOld(version) ? { code: 401, hint: "token" } : { message: "not authorized", code: 401, hint: "token" });
        refused.close();
        const socket = await connectOld(t, server, version, { mode, ...(isOld(version) ? { nsp: "/admin?token=s3cret" } : { nsp: "/admin", auth: { token: "s3cret" } }) });
        assert.equal((await askOld(socket, "whoami")).nsp, "/admin");
        // Another namespace keeps the connection.
        const keeper = socket.io.socket("/custom");
        keeper.open();
        await outcome(keeper, "connect");
        const [gone, back] = [outcome(socket, "disconnect"), outcome(socket, "auth")];
        socket.emit("disconnect-me", false);
        assert.equal((await gone)[0], "io server disconnect");
        socket.open();
        await back;
        assert.equal((await askOld(socket, "whoami")).id.includes("#"), isOld(version));
        const both = [outcome(socket, "disconnect"), outcome(keeper, "disconnect")];
        socket.emit("disconnect-me", true);
        assert.deepEqual((await Promise.all(both)).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
        socket.close();
        await server.empty();
      });
    }

  test("all of them in one room", async (t) => {
    const everyone = [];
    for (const version of Object.keys(GENERATIONS))
      for (const mode of Object.keys(OLD_MODES)) everyone.push(await connectOld(t, server, version, { mode }));
    for (const socket of everyone) await askOld(socket, "join", "all generations");
    const answering = everyone.map((socket, i) => socket.on("broadcast-ack-request", (payload, ack) => ack([i, payload])));
    assert.equal(answering.length, 24);
    for (const [i, sender] of everyone.entries()) await askOld(sender, "to-room", "all generations", "news", i, Buffer.from([i, 255]), { text: "plain" });
    for (const socket of everyone) await askOld(socket, "whoami");
    for (const [i, socket] of everyone.entries())
      same(plain(received(socket, "news")), numbers(everyone.length).filter((j) => j !== i).map((j) => [j, [j, 255], { text: "plain" }]));
    for (const caller of [everyone[0], everyone.at(-1)]) {
      const result = outcome(caller, "broadcast-ack-result");
      caller.emit("broadcast-ack", "all generations", 4000, "?");
      const [{ timedOut, responses }] = await result;
      assert.equal(timedOut, false);
      same(responses.sort(([a], [b]) => a - b), numbers(everyone.length).map((i) => [i, "?"]));
    }
    const described = await askOld(everyone[0], "fetch-sockets", "all generations");
    assert.deepEqual(described.map(({ id }) => id), everyone.map(({ id }) => id).sort());
    await askOld(everyone[0], "disconnect-sockets", "all generations", true);
    await server.empty();
  });
});
