// HTTP as servers, proxies and hostile hands write it: methods, versions, headers, bodies, many requests on one connection.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { oursOnly, useServer } from "../lib/server.mjs";
import { frame, Tcp } from "../lib/tcp.mjs";
import { assertRefused, EIO, http1, Polling, rawUpgrade, SIO, UPGRADE_HEADERS } from "../lib/wire.mjs";

const RS = "\x1e";
const HANDSHAKE = "?EIO=4&transport=polling";

describe("http", () => {
  const server = useServer();
  const sidOf = (body) => JSON.parse(body.slice(body.indexOf("{"))).sid;
  const forget = (sid, path = EIO) => http1(server, "POST", `${path}${HANDSHAKE}&sid=${sid}`, { body: "1" });

  for (const path of [SIO, EIO]) {
    test(`${path}: a session begins with a GET`, async () => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) assertRefused(await http1(server, method, path + HANDSHAKE, { body: "" }), 2);
      const { status, text } = await http1(server, "HEAD", path + HANDSHAKE);
      assert.deepEqual([status, text], [400, ""]);
      await server.empty();
    });

    test(`${path}: other methods with a session id leave the session`, async (t) => {
      const session = await Polling.open(t, server, { path });
      if (path === SIO) await session.join();
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]) {
        const { status } = await http1(server, method, session.query, { body: method === "HEAD" ? undefined : "4x" });
        assert.ok(status >= 400 && status <= 505, `${method}: ${status}`);
        await session.assertAlive();
      }
    });
  }

  test("a query may be written in many ways", async () => {
    for (const query of [
      "transport=polling&EIO=4", "&&EIO=4&&transport=polling&", "EIO=4&transport=%70olling", "EIO=4&transport=pigeon&transport=polling",
      "EIO=3&EIO=4&transport=polling", "EIO=4&transport=polling&sid=", "EIO=4&transport=polling&sid", "EIO=4&transport=polling&x=%zz&y=%ff&z=%",
      `EIO=4&transport=polling&long=${"x".repeat(4000)}`, "EIO=4&transport=polling&a[b]=c&__proto__=x&hasOwnProperty=1",
    ]) {
      const { status, text } = await http1(server, "GET", `${EIO}?${query}`);
      assert.equal(status, 200, `${query}: ${text}`);
      await forget(sidOf(text));
    }
    for (const query of ["EIO=4&transport=polling,websocket", "EIO=4&transport=", "EIO=4&transport=polling%00", "EIO=4&transport=polling%20", "EIO=4;transport=polling", ""])
      assertRefused(await http1(server, "GET", `${EIO}?${query}`), 0);
    assertRefused(await http1(server, "GET", EIO), 0);
  });

  /** What the event `handshake` says of a session that a request with these headers and this query began. */
  async function handshakeOf(t, query, headers = "") {
    const tcp = await Tcp.connect(t, server);
    tcp.write(Buffer.from(`GET ${SIO}${HANDSHAKE}${query} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`, "latin1"));
    const url = `${SIO}${HANDSHAKE}&sid=${sidOf((await tcp.response()).body)}`;
    const until = async (body, start) => {
      await http1(server, "POST", url, { body });
      for (;;) {
        const { status, text } = await http1(server, "GET", url);
        assert.equal(status, 200);
        for (const packet of text.split(RS)) if (packet.startsWith(start)) return packet;
      }
    };
    await until("40", '42["auth"');
    const answer = await until('421["handshake"]', "431[");
    await http1(server, "POST", url, { body: "1" });
    return JSON.parse(answer.slice(3))[0];
  }

  test("the stored query is decoded: plus signs, escapes, repeated keys", async (t) => {
    const { query, auth } = await handshakeOf(t, "&a=1+2%2B3&b=%E2%82%AC&c=1&c=2&d=&e&%C3%BC=%26%3D&b64=&__proto__=p");
    const { EIO: revision, transport, a, b, d, e, ü } = query;
    assert.deepEqual({ revision, transport, a, b, d, e, ü }, { revision: "4", transport: "polling", a: "1 2+3", b: "€", d: "", e: "", ü: "&=" });
    assert.equal(typeof query.c, "string", "values are strings");
    assert.deepEqual(auth, {});
  });

  test("the stored header, in any case and encoding", async (t) => {
    const headerOf = async (lines) => (await handshakeOf(t, "", lines)).header;
    assert.equal(await headerOf(""), null);
    assert.equal(await headerOf("x-CONFORMANCE:  spaced out  \r\n"), "spaced out");
    assert.equal(await headerOf("X-Conformance: \r\n"), "");
    assert.equal(await headerOf("X-Conformance: gr\xfc\xdfe\r\n"), "grüße");
    assert.equal(await headerOf("X-Conformance: a\r\nX-Conformance: b\r\n"), "a, b");
  });

  test("bodies: any content type, any charset, an empty one is none", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    for (const type of ["text/plain", "text/plain;charset=UTF-8", "TEXT/PLAIN; CHARSET=utf-8", "application/x-www-form-urlencoded", "application/json", "nonsense", ""]) {
      const { status, text } = await session.post("4€", { headers: { "content-type": type } });
      assert.deepEqual([status, text], [200, "ok"], type);
      assert.deepEqual(await session.collect(1), ["4€"]);
    }
    const tcp = await Tcp.connect(t, server);
    tcp.write(`POST ${session.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n4y`);
    assert.equal((await tcp.response()).body, "ok");
    assert.deepEqual(await session.collect(1), ["4y"]);
  });

  for (const [what, type] of Object.entries({ "": "application/octet-stream", " in capitals": "Application/Octet-Stream", " with a parameter": "application/octet-stream; x=y" }))
    test(`bytes in a body${what} end a session of revision 4`, what === "" ? {} : oursOnly("compares the whole header"), async (t) => {
      const session = await Polling.open(t, server, { path: EIO });
      const { status } = await session.post(Buffer.from([52, 0, 255]), { headers: { "content-type": type } });
      assert.equal(status, 400);
      await session.assertGone();
    });

  test("broken UTF-8 in a body does not come back as something else", oursOnly("puts U+FFFD in its place"), async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    await session.post(Buffer.from([0x34, 0xff, 0xfe]));
    await session.assertGone();
  });

  test("many packets in one body, to the last byte of the limit, and empty ones between them", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const packets = Array.from({ length: 10_000 }, (_, i) => `4${i}`);
    await session.send(...packets);
    assert.deepEqual(await session.collect(packets.length), packets);
    await session.send("4".padEnd(1_000_000, "x"));
    assert.equal((await session.collect(1))[0].length, 1_000_000);
    for (const body of [`4a${RS}${RS}4b`, `${RS}4a`, `4a${RS}`]) {
      const broken = await Polling.open(t, server, { path: EIO });
      await broken.post(body);
      await broken.assertGone();
    }
  });

  test("a body in chunks of one byte, and with trailers", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const tcp = await Tcp.connect(t, server);
    const bytes = [...Buffer.from("4€\x1e4😀")];
    tcp.write(`POST ${session.query} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (const byte of bytes) tcp.write(Buffer.concat([Buffer.from("1;ext=1\r\n"), Buffer.from([byte]), Buffer.from("\r\n")]));
    tcp.write("0\r\nX-Trailer: 1\r\n\r\n");
    assert.equal((await tcp.response()).body, "ok");
    assert.deepEqual(await session.collect(2), ["4€", "4😀"]);
  });

  for (const [what, request] of Object.entries({
    "two lengths that differ": "Content-Length: 2\r\nContent-Length: 3\r\n\r\n4x",
    "a length and chunks": "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n4x\r\n0\r\n\r\n",
    "a length that is no number": "Content-Length: two\r\n\r\n4x",
    "a negative length": "Content-Length: -1\r\n\r\n4x",
    "chunks that are none": "Transfer-Encoding: chunked\r\n\r\nzz\r\n4x\r\n0\r\n\r\n",
    "a chunk that is absurd": "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n4x\r\n",
    "an encoding that does not exist": "Transfer-Encoding: carrier-pigeon\r\n\r\n4x",
  }))
    test(`a body with ${what} disturbs nobody`, async (t) => {
      const [session, bystander] = [await Polling.open(t, server, { path: EIO }), await Polling.open(t, server, { path: EIO })];
      const tcp = await Tcp.connect(t, server);
      tcp.write(`POST ${session.query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${request}`);
      tcp.socket.end();
      await tcp.hungUp();
      await bystander.assertAlive();
    });

  for (const [what, bytes] of Object.entries({
    "no HTTP": "hello\r\n\r\n", "TLS": Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 0]), "a header without an end": `GET / HTTP/1.1\r\nX: ${"x".repeat(100_000)}`, "thousands of headers": `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(5000)}\r\n`,
    "a target that is none": "GET  HTTP/1.1\r\n\r\n", "a version of the future": "GET / HTTP/9.9\r\n\r\n", "an address of any length": `GET ${EIO}?${"x".repeat(200_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, "a CONNECT": "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  }))
    test(`${what} on the port disturbs nobody`, async (t) => {
      const bystander = await Polling.open(t, server, { path: EIO });
      const tcp = await Tcp.connect(t, server);
      tcp.write(bytes);
      tcp.socket.end();
      await tcp.hungUp();
      await bystander.assertAlive();
    });

  test("HTTP/1.0, with and without keep-alive", async (t) => {
    const tcp = await Tcp.connect(t, server);
    tcp.write(`GET ${EIO}${HANDSHAKE} HTTP/1.0\r\n\r\n`);
    const { status, body } = await tcp.response();
    assert.equal(status, 200);
    await tcp.hungUp();
    const sid = sidOf(body);
    const kept = await Tcp.connect(t, server);
    for (let i = 0; i < 3; i++) {
      kept.write(`POST ${EIO}${HANDSHAKE}&sid=${sid} HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n4${i}`);
      assert.equal((await kept.response()).body, "ok");
      kept.write(`GET ${EIO}${HANDSHAKE}&sid=${sid} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`);
      assert.equal((await kept.response()).body, `4${i}`);
    }
    await forget(sid);
    const { status: upgraded } = await rawUpgrade(server, `${EIO}?EIO=4&transport=websocket`, { ...UPGRADE_HEADERS, "Sec-WebSocket-Version": "0" });
    assert.notEqual(upgraded, 101);
  });

  test("requests behind each other on one connection are answered in their order", oursOnly("handles them at the same time: two GETs overlap"), async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const tcp = await Tcp.connect(t, server);
    const post = (body) => `POST ${session.query} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const get = `GET ${session.query} HTTP/1.1\r\nHost: x\r\n\r\n`;
    tcp.write(post("4a") + get + post("4b") + post("4c") + get + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    const bodies = [];
    for (let i = 0; i < 6; i++) bodies.push((await tcp.response()).body);
    assert.deepEqual(bodies, ["ok", "4a", "ok", "ok", `4b${RS}4c`, "ok"]);
  });

  test("the first frames may come with the request that upgrades", oursOnly("loses them"), async (t) => {
    const tcp = await Tcp.connect(t, server);
    const headers = Object.entries({ Host: "x", ...UPGRADE_HEADERS }).map((h) => `${h.join(": ")}\r\n`);
    tcp.write(Buffer.concat([Buffer.from(`GET ${EIO}?EIO=4&transport=websocket HTTP/1.1\r\n${headers.join("")}\r\n`), frame(0x81, "4early"), frame(0x82, [7])]));
    assert.equal((await tcp.response()).status, 101);
    assert.equal((await tcp.frame()).payload[0], 0x30);
    assert.equal((await tcp.frame()).payload.toString(), "4early");
    assert.deepEqual([...(await tcp.frame()).payload], [7]);
  });

  test("headers of an upgrade in any case, and in lists", async () => {
    for (const headers of [
      { connection: "upgrade", upgrade: "WebSocket" }, { CONNECTION: "keep-alive, Upgrade", UPGRADE: "websocket" }, { Connection: "UPGRADE", Upgrade: "WEBSOCKET" },
    ]) {
      const { upgraded, socket } = await rawUpgrade(server, `${EIO}?EIO=4&transport=websocket`, {
        ...headers, "sec-websocket-version": "13", "SEC-WEBSOCKET-KEY": UPGRADE_HEADERS["Sec-WebSocket-Key"],
      });
      assert.equal(upgraded, true, JSON.stringify(headers));
      socket.destroy();
    }
    await server.empty();
  });

  test("what a WebSocket's key promises", async (t) => {
    const tcp = await Tcp.connect(t, server);
    tcp.write(`GET ${EIO}?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: nothing, we, know\r\n\r\n`);
    const { status, head } = await tcp.response();
    assert.equal(status, 101);
    assert.match(head, /\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
    assert.doesNotMatch(head, /sec-websocket-extensions/i);
    tcp.socket.destroy();
    await server.empty();
  });

  test("many GETs and POSTs that are given up, half sent or unanswered, leave nothing behind", async (t) => {
    const bystander = await Polling.open(t, server, { path: EIO });
    const sessions = await Promise.all(Array.from({ length: 20 }, () => Polling.open(null, server, { path: EIO })));
    for (const [i, session] of sessions.entries()) {
      const tcp = await Tcp.connect(t, server);
      const heads = [`GET ${session.query} HTTP/1.1\r\nHost: x\r\n\r\n`, `POST ${session.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n4half`, `GET ${session.query} HTTP/1.1\r\nHo`, `POST ${session.query} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n4h`];
      await new Promise((done) => tcp.socket.write(heads[i % 4], done));
      i % 8 < 4 ? tcp.socket.resetAndDestroy() : tcp.socket.destroy();
    }
    await bystander.assertAlive();
    // Those whose request was not seen in time are still there, and take leave themselves.
    for (const session of sessions) await session.close();
    await server.statsBecome({ engineSessions: 1 });
  });

  test("/healthz and /stats", async () => {
    const { status, text } = await http1(server, "GET", "/healthz");
    assert.deepEqual([status, text], [200, "ok"]);
    const stats = await http1(server, "GET", "/stats");
    assert.deepEqual(Object.keys(JSON.parse(stats.text)).sort(), ["engineSessions", "pid", "sessions", "sockets"]);
    process.kill(JSON.parse(stats.text).pid, 0);
  });
});
