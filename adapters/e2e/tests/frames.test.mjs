// WebSocket frames by hand: what a peer may do, and what it may not.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, connect } from "../lib/client.mjs";
import { useServer } from "../lib/server.mjs";
import { frame, Tcp } from "../lib/tcp.mjs";
import { EIO, SIO, Wire } from "../lib/wire.mjs";

const [TEXT, BINARY, CLOSE, PING, PONG] = [0x81, 0x82, 0x88, 0x89, 0x8a];

describe("frames", () => {
  const server = useServer();

  /** A session whose open packet was read. */
  async function session(t, path = EIO) {
    const tcp = await Tcp.connect(t, server);
    assert.equal(await tcp.upgrade(`${path}?EIO=4&transport=websocket`), 101);
    const open = await tcp.frame();
    assert.equal(open.first, TEXT);
    assert.equal(open.payload[0], 0x30);
    return tcp;
  }
  const next = async (tcp) => {
    const { first, payload } = await tcp.frame();
    return first === TEXT ? payload.toString() : { first, payload: [...payload] };
  };

  test("text, bytes, nothing, and lengths of every kind", async (t) => {
    const tcp = await session(t);
    for (const size of [0, 1, 124, 125, 126, 65_534, 65_535, 65_536, 300_000]) {
      tcp.write(frame(TEXT, `4${"x".repeat(size)}`));
      const { payload } = await tcp.frame();
      assert.equal(payload.length, size + 1);
      tcp.write(frame(BINARY, Buffer.alloc(size, 9)));
      const { first, payload: bytes } = await tcp.frame();
      assert.deepEqual([first, bytes.length], [BINARY, size]);
    }
  });

  test("a message byte by byte, in frames of one byte and empty ones, with controls between", async (t) => {
    const tcp = await session(t);
    const bytes = Buffer.from("4€😀 ok");
    const parts = [frame(0x01, "")];
    for (const byte of bytes) parts.push(frame(0x00, [byte]), frame(0x00, []), frame(PONG, "unasked"));
    parts.push(frame(PING, "p"), frame(0x80, []));
    for (const byte of Buffer.concat(parts)) tcp.write(Buffer.from([byte]));
    assert.deepEqual(await next(tcp), { first: PONG, payload: [0x70] });
    assert.equal(await next(tcp), "4€😀 ok");
  });

  test("pings are answered with their data, the longest too, in order", async (t) => {
    const tcp = await session(t);
    tcp.write(frame(PING, ""), frame(PING, "x".repeat(125)), frame(TEXT, "4end"));
    assert.deepEqual(await next(tcp), { first: PONG, payload: [] });
    assert.equal((await next(tcp)).payload.length, 125);
    assert.equal(await next(tcp), "4end");
  });

  test("a thousand pings in one write", async (t) => {
    const tcp = await session(t);
    tcp.write(Buffer.concat(Array.from({ length: 1000 }, (_, i) => frame(PING, `${i}`))), frame(TEXT, "4end"));
    let last;
    for (let message; (message = await next(tcp)) !== "4end"; last = message) assert.equal(message.first, PONG);
    assert.equal(Buffer.from(last.payload).toString(), "999");
  });

  const wrong = {
    "an unmasked frame": [frame(TEXT, "4x", { masked: false })],
    "a reserved bit": [frame(0xc1, "4x")],
    "a reserved kind": [frame(0x83, "4x")],
    "a reserved control": [frame(0x8b, "")],
    "a control in fragments": [frame(0x09, "p")],
    "a control that is too long": [frame(PING, "x".repeat(126))],
    "a continuation of nothing": [frame(0x80, "4x")],
    "a new message inside another": [frame(0x01, "4x"), frame(TEXT, "4y")],
    "text that is no UTF-8": [frame(TEXT, [0x34, 0xc3, 0x28])],
    "a surrogate in UTF-8": [frame(TEXT, [0x34, 0xed, 0xa0, 0x80])],
    "text that ends within a character": [frame(0x01, [0x34, 0xe2]), frame(0x80, [0x82])],
    "a length of 2^63": [Buffer.concat([Buffer.from([BINARY, 255, 128, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(4)])],
    "a length beyond the limit that is never sent": [frame(BINARY, [], { length: 500_000_000 })],
  };
  for (const [what, frames] of Object.entries(wrong))
    test(`${what} ends the session, and only this one`, async (t) => {
      const [tcp, bystander] = [await session(t), await Wire.session(t, server, { path: EIO })];
      tcp.write(...frames);
      let code;
      for (let closing; (closing = await tcp.frame()); ) if (closing.first === CLOSE) code = closing.payload.length >= 2 ? closing.payload.readUInt16BE(0) : 1005;
      assert.ok([undefined, 1002, 1005, 1007, 1009].includes(code), `closed with ${code}`);
      await server.statsBecome({ engineSessions: 1 });
      await bystander.assertAlive();
    });

  for (const [what, payload] of Object.entries({ "no code": [], "1000": [3, 232], "1001 and a reason": [3, 233, ...Buffer.from("bye")], "4999": [19, 135], "half a code": [3], "a code that must not be sent": [3, 237], "the code 0": [0, 0], "a reason that is no UTF-8": [3, 232, 0xff] }))
    test(`a close with ${what} ends the session`, async (t) => {
      const watcher = await connect(t, server);
      await ask(watcher, "watch");
      const tcp = await session(t, SIO);
      tcp.write(frame(TEXT, "40"));
      await tcp.frame();
      await tcp.frame();
      tcp.write(frame(CLOSE, payload));
      const closing = await tcp.frame();
      if (closing) assert.equal(closing.first, CLOSE);
      await tcp.hungUp();
      const [[{ reason }]] = await arrived(watcher, "peer-disconnect");
      assert.match(reason, /^transport (close|error)$/);
    });

  test("half a frame, and the line drops", async (t) => {
    const bystander = await Wire.session(t, server, { path: EIO });
    for (const cut of [1, 3, 6, 8]) {
      const tcp = await session(t);
      await new Promise((done) => tcp.socket.write(frame(TEXT, "4hello").subarray(0, cut), done));
      cut % 2 ? tcp.socket.resetAndDestroy() : tcp.socket.destroy();
    }
    await server.statsBecome({ engineSessions: 1 });
    await bystander.assertAlive();
  });

  test("frames behind a close are not read", async (t) => {
    const bystander = await connect(t, server);
    const tcp = await session(t, SIO);
    tcp.write(frame(TEXT, "40"), frame(CLOSE, [3, 232]), frame(TEXT, '42["emit-all","ghost"]'));
    await tcp.hungUp();
    await server.statsBecome({ sockets: 1 });
    await ask(bystander, "whoami");
    assert.deepEqual(bystander.log.filter(([name]) => name === "ghost"), []);
  });
});
