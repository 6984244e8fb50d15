// The passage from polling to WebSocket by hand: every way it can fail must leave the polling session as it was.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/client.mjs";
import { useServer } from "../lib/server.mjs";
import { assertRefused, EIO, Polling, rawUpgrade, SIO, upgrade, UPGRADE_HEADERS, Wire } from "../lib/wire.mjs";

describe("upgrade", () => {
  const server = useServer();
  const probing = async (t, session) => {
    const wire = await Wire.open(t, server, session.upgradePath);
    wire.send("2probe");
    assert.equal(await wire.next(), "3probe");
    return wire;
  };

  test("the session moves, and polling is over", async (t) => {
    for (const path of [SIO, EIO]) {
      const session = await Polling.open(t, server, { path });
      if (path === SIO) await session.join();
      const wire = await upgrade(t, session);
      await wire.assertAlive();
      assertRefused(await session.get(), 3);
      assertRefused(await session.post("4x"), 3);
      await wire.assertAlive();
      wire.socket.close();
      await wire.closed;
    }
    await server.empty();
  });

  test("polling goes on until the upgrade packet", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await probing(t, session);
    await session.send("4still", "4polling");
    assert.deepEqual(await session.collect(2), ["4still", "4polling"]);
    wire.send("5");
    wire.path = EIO;
    await wire.assertAlive();
  });

  test("what waits to be polled goes over the WebSocket, in order", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await probing(t, session);
    await session.send("4one", "bAQID", "4two");
    wire.send("5", "4three");
    assert.deepEqual(await wire.take(4), ["4one", Buffer.from([1, 2, 3]), "4two", "4three"]);
  });

  test("a GET that still waits at the upgrade packet is let go", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await probing(t, session);
    const { answer } = await session.hang();
    wire.send("5", "4x");
    await answer;
    assert.equal(await wire.next(), "4x");
    wire.path = EIO;
    await wire.assertAlive();
  });

  test("noops free the waiting GET, at most ten a second", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await probing(t, session);
    let noops = 0;
    for (const start = Date.now(); Date.now() - start < 1000; ) {
      assert.deepEqual(await session.receive(), ["6"]);
      noops++;
    }
    assert.ok(noops >= 2 && noops <= 11, `${noops} noops`);
    // They end with the attempt.
    wire.socket.close();
    await wire.closed;
    const waiting = session.receive();
    await session.send("4end");
    const first = await waiting;
    if (first[0] !== "4end") assert.deepEqual([first, await session.receive()], [["6"], ["4end"]]);
  });

  for (const [what, spoil] of Object.entries({
    "a message instead of the probe": (wire) => wire.send("4hello"),
    "a ping without the word": (wire) => wire.send("2"),
    "an unknown packet": (wire) => wire.send("x"),
    "a binary message": (wire) => wire.send(Buffer.from([1])),
    "a close packet": (wire) => wire.send("1"),
    "a message after the probe": (wire) => wire.send("2probe", "4hello"),
    "a close": (wire) => wire.socket.close(),
    "a cut": (wire) => wire.socket.terminate(),
    "a close after the probe": (wire) => (wire.send("2probe"), wire.socket.close()),
    "a cut after the probe": (wire) => wire.send("2probe") ?? wire.next().then(() => wire.socket.terminate()),
  }))
    test(`a failed probe (${what}) leaves polling alive, and may be tried again`, async (t) => {
      const session = await Polling.open(t, server, { path: EIO });
      const wire = await Wire.open(t, server, session.upgradePath);
      await spoil(wire);
      await wire.assertClosed();
      await session.assertAlive();
      await server.statsBecome({ engineSessions: 1 });
      // The server may need a moment to see that the first attempt is over.
      let second;
      await until(async () => {
        second = await Wire.open(t, server, session.upgradePath);
        second.send("2probe");
        return (await second.next().catch(() => null)) === "3probe";
      });
      second.send("5");
      second.path = EIO;
      await second.assertAlive();
    });

  test("a second WebSocket while upgrading does no harm", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await probing(t, session);
    const other = await Wire.open(t, server, session.upgradePath).catch(() => null);
    if (other) await other.assertClosed();
    wire.send("5");
    wire.path = EIO;
    await wire.assertAlive();
  });

  test("a second WebSocket after the upgrade does no harm", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await upgrade(t, session);
    const other = await Wire.open(t, server, session.upgradePath).catch(() => null);
    if (other) await other.assertClosed();
    await wire.assertAlive();
    await server.statsBecome({ engineSessions: 1 });
  });

  test("wrong headers get no 101 and leave the session", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    for (const headers of [{ "Sec-WebSocket-Key": "AAAA" }, { "Sec-WebSocket-Version": "1" }, { Upgrade: "tcp" }]) {
      const { upgraded } = await rawUpgrade(server, session.upgradePath, { ...UPGRADE_HEADERS, ...headers });
      assert.equal(upgraded, false);
    }
    await session.assertAlive();
  });

  test("an unknown session gets no 101", async () => {
    const { upgraded, status } = await rawUpgrade(server, `${EIO}?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA`, UPGRADE_HEADERS);
    assert.deepEqual({ upgraded, status }, { upgraded: false, status: 400 });
  });

  test("the session ends while it is being upgraded: the probing WebSocket goes too", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await probing(t, session);
    await session.post("1");
    await wire.assertClosed();
    await session.assertGone();
    await server.empty();
  });

  test("the server closes in the middle of an upgrade", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const wire = await probing(t, session);
    await session.send("4last", "4!close");
    wire.send("5");
    const got = [];
    await assert.rejects(async () => {
      for (;;) got.push(await wire.next());
    }, /closed/);
    assert.deepEqual(got.filter((p) => p !== "1"), ["4last"]);
    await server.empty();
  });
});

describe("upgrade, little patience", () => {
  const server = useServer({ UPGRADE_TIMEOUT: 200 });

  for (const probe of [false, true])
    test(`an attempt that stops ${probe ? "after the probe" : "at once"} is abandoned, polling lives on`, async (t) => {
      const session = await Polling.open(t, server, { path: EIO });
      const start = Date.now();
      const wire = await Wire.open(t, server, session.upgradePath);
      if (probe) wire.send("2probe");
      await wire.assertClosed(1500);
      assert.ok(Date.now() - start > 150, "not before the time");
      await session.assertAlive();
      const second = await upgrade(t, session);
      await second.assertAlive();
    });
});
