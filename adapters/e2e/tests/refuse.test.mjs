// Requests that are refused before there is a session, and those that ask for one that is not theirs.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, manager, connected } from "../lib/client.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { Tcp } from "../lib/tcp.mjs";
import { assertRefused, EIO, http1, Polling, rawUpgrade, SIO, UPGRADE_HEADERS, Wire } from "../lib/wire.mjs";

const NOBODY = "AAAAAAAAAAAAAAAAAAAA";

describe("refuse", () => {
  const server = useServer();

  for (const path of [SIO, EIO]) {
    const table = [
      ["GET", "EIO=4", 0, "no transport"],
      ["GET", "EIO=4&transport=pigeon", 0, "unknown transport"],
      ["GET", "EIO=4&transport=Polling", 0, "transport in the wrong case"],
      ["GET", "EIO=4&transport=__proto__", 0, "transport with a name of the language"],
      ["GET", "EIO=4&transport=webtransport", 0, "transport of another protocol"],
      ["POST", "EIO=4&transport=pigeon", 0, "unknown transport, by POST"],
      ["GET", `EIO=4&transport=polling&sid=${NOBODY}`, 1, "unknown session"],
      ["POST", `EIO=4&transport=polling&sid=${NOBODY}`, 1, "unknown session, by POST"],
      ["GET", "EIO=4&transport=polling&sid=__proto__", 1, "session with a name of the language"],
      ["GET", `EIO=4&transport=polling&sid=${"a".repeat(2000)}`, 1, "session with a long name"],
      ["GET", "EIO=4&transport=polling&sid=%00%ff%E2%82%AC", 1, "session with odd bytes"],
      ["POST", "EIO=4&transport=polling", 2, "handshake by POST"],
      ["PUT", "EIO=4&transport=polling", 2, "handshake by PUT"],
      ["DELETE", "EIO=4&transport=polling", 2, "handshake by DELETE"],
      ["GET", "EIO=4&transport=websocket", 3, "WebSocket without an upgrade"],
      ["GET", "EIO=3&transport=polling", 5, "revision 3"],
      ["GET", "transport=polling", 5, "no revision"],
      ["GET", "EIO=5&transport=polling", 5, "revision 5"],
      ["GET", "EIO=four&transport=polling", 5, "revision four"],
    ];
    for (const [method, query, code, what] of table)
      test(`${path}: ${what} is refused with code ${code}`, async () => {
        assertRefused(await http1(server, method, `${path}?${query}`), code);
      });

    test(`${path}: refusals of an upgrade come instead of the 101`, async () => {
      for (const query of ["transport=pigeon&EIO=4", "EIO=4", `EIO=4&transport=websocket&sid=${NOBODY}`]) {
        const { upgraded, status } = await rawUpgrade(server, `${path}?${query}`, UPGRADE_HEADERS);
        assert.deepEqual({ upgraded, status }, { upgraded: false, status: 400 }, query);
      }
    });

    test(`${path}: so does that of revision 3`, oursOnly("writes the refusal after its 101"), async () => {
      const { upgraded, status } = await rawUpgrade(server, `${path}?EIO=3&transport=websocket`, UPGRADE_HEADERS);
      assert.deepEqual({ upgraded, status }, { upgraded: false, status: 400 });
    });

    test(`${path}: an empty session id is none`, async (t) => {
      const response = await http1(server, "GET", `${path}?EIO=4&transport=polling&sid=`);
      assert.equal(response.status, 200);
      const { sid } = JSON.parse(response.text.slice(1));
      await http1(server, "POST", `${path}?EIO=4&transport=polling&sid=${sid}`, { body: "1" });
    });
  }

  test("a session belongs to its path", async (t) => {
    const bare = await Polling.open(t, server, { path: EIO });
    const other = `${SIO}?EIO=4&transport=polling&sid=${bare.handshake.sid}`;
    assertRefused(await http1(server, "GET", other), 1);
    assertRefused(await http1(server, "POST", other, { body: "4hello" }), 1);
    await bare.assertAlive();
  });

  test("who knows a socket id has no session", async (t) => {
    const { shared, socket } = manager(t, server, { mode: "polling" });
    const ids = [];
    for (const nsp of ["/", "/custom", "/dyn-7"]) ids.push((await connected(socket(nsp))).id);
    assert.equal(new Set([...ids, shared.engine.id]).size, 4);
    for (const id of ids) {
      const path = `${SIO}?EIO=4&transport=polling&sid=${encodeURIComponent(id)}`;
      assertRefused(await http1(server, "GET", path), 1);
      assertRefused(await http1(server, "POST", path, { body: "1" }), 1);
      await assert.rejects(Wire.open(t, server, path.replace("polling", "websocket")), { status: 400 });
    }
    await server.statsBecome({ sockets: 3, sessions: 1 });
  });

  test("session ids and socket ids never repeat and do not resemble their neighbours", async (t) => {
    const sockets = await Promise.all(Array.from({ length: 30 }, () => connect(t, server)));
    const ids = sockets.flatMap((s) => [s.id, s.io.engine.id]);
    assert.equal(new Set(ids).size, 60);
    for (const id of ids) assert.match(id, /^[\w-]{20}$/);
    const heads = new Set(ids.map((id) => id.slice(0, 8)));
    assert.equal(heads.size, 60, "the beginnings differ: they are random");
  });

  test("a polling session is not polled as a WebSocket", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    assertRefused(await http1(server, "GET", session.upgradePath), 3);
    await session.assertAlive();
  });

  test("a WebSocket session is not polled", async (t) => {
    const wire = await Wire.session(t, server, { path: EIO });
    const path = `${EIO}?EIO=4&transport=polling&sid=${wire.handshake.sid}`;
    assertRefused(await http1(server, "GET", path), 3);
    assertRefused(await http1(server, "POST", path, { body: "4x" }), 3);
    await wire.assertAlive();
  });

  test("a session keeps its revision", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    assertRefused(await http1(server, "GET", session.query.replace("EIO=4", "EIO=3")), 3);
    await session.assertAlive();
  });

  for (const path of ["/", "/nope", "/socket.io", "/engine.io", "/socket.io?EIO=4&transport=polling", "/socket.iox/?EIO=4&transport=polling", "/x/socket.io/?EIO=4&transport=polling", "/healthz/x", "/..", "//socket.io/"])
    test(`${path} is not found`, async () => {
      assert.equal((await http1(server, "GET", path)).status, 404);
    });

  test("who asks for a WebSocket in vain is hung up on, who asks for something else is not", async (t) => {
    for (const path of ["/", "/nope", `${SIO}?EIO=4&transport=pigeon`, `${EIO}?EIO=4&transport=websocket&sid=${NOBODY}`, `${SIO}?EIO=3&transport=websocket`]) {
      const tcp = await Tcp.connect(t, server);
      assert.ok((await tcp.upgrade(path)) >= 400, path);
      await tcp.hungUp();
    }
    const tcp = await Tcp.connect(t, server);
    for (const path of ["/nope", `${SIO}?EIO=4&transport=pigeon`, "/healthz"]) {
      tcp.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.ok(await tcp.response(), path);
    }
    assert.equal(tcp.ended, false);
  });

  test("an upgrade elsewhere is not found", async () => {
    for (const path of ["/", "/nope", "/healthz/ws"]) {
      const { upgraded, status } = await rawUpgrade(server, path, UPGRADE_HEADERS);
      assert.deepEqual({ upgraded, status }, { upgraded: false, status: 404 }, path);
    }
  });
});
