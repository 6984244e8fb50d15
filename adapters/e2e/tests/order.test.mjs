// Nothing is lost, repeated or overtaken: ten thousand events each way, early ones, and across the upgrade.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, connect, connected, overEveryTransport, prepare, received, sleep, until } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { useServer } from "../lib/server.mjs";

const COUNT = 10_000;
const numbers = (n) => Array.from({ length: n }, (_, i) => [i]);

describe("order", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    test("10,000 events from the client", async (t) => {
      const socket = await connect(t, server, { mode });
      for (let i = 0; i < COUNT; i++) socket.emit("seq", i);
      assert.deepEqual(await ask(socket, "seq-report"), { next: COUNT, errors: 0 });
    });

    test("10,000 events from the server", async (t) => {
      const socket = await connect(t, server, { mode });
      socket.emit("burst", COUNT);
      assert.deepEqual(await arrived(socket, "burst-done"), [[COUNT]]);
      same(received(socket, "burst-item"), numbers(COUNT));
      assert.equal(socket.log.at(-1)[0], "burst-done");
    });

    test("events from before the connection and from inside its callback", async (t) => {
      const socket = prepare(t, server, { mode });
      for (let i = 0; i < 50; i++) socket.emit("seq", i);
      socket.on("connect", () => {
        for (let i = 50; i < 100; i++) socket.emit("seq", i);
        socket.emit("message", "first thing");
      });
      await connected(socket);
      assert.deepEqual(await ask(socket, "seq-report"), { next: 100, errors: 0 });
      assert.deepEqual(socket.log.slice(0, 2), [["auth", {}], ["message-back", "first thing"]]);
    });

    test("an event right after CONNECT, in fresh connections again and again", async (t) => {
      for (let i = 0; i < 20; i++) {
        const socket = prepare(t, server, { mode });
        socket.once("connect", () => socket.emit("message", i));
        await connected(socket);
        assert.deepEqual(await arrived(socket, "message-back"), [[i]]);
        socket.disconnect();
      }
    });
  });

  test("both ways at once, from before the upgrade until after it", async (t) => {
    const socket = await connect(t, server, { mode: "upgrading" });
    const { engine } = socket.io;
    let [sent, bursts] = [0, 0];
    // Small portions for as long as the upgrade takes, so that some are in flight at every step of it.
    const deadline = Date.now() + 5000;
    for (let after = 0; after < 50; after += engine.transport.name === "websocket" ? 1 : 0) {
      assert.ok(Date.now() < deadline, "the upgrade comes to an end although both sides talk all the time");
      for (let i = 0; i < 10; i++) socket.emit("seq", sent++);
      socket.emit("burst", 10);
      bursts++;
      await sleep(1);
    }
    for (let i = 0; i < COUNT; i++) socket.emit("seq", sent++);
    assert.deepEqual(await ask(socket, "seq-report"), { next: sent, errors: 0 });
    await arrived(socket, "burst-done", bursts);
    same(received(socket, "burst-item"), Array.from({ length: bursts * 10 }, (_, i) => [i % 10]));
  });

  test("many upgrades at the same time, talking all the while", async (t) => {
    const sockets = await Promise.all(Array.from({ length: 25 }, () => connect(t, server, { mode: "upgrading" })));
    for (const [n, socket] of sockets.entries()) {
      for (let i = 0; i < 100; i++) socket.emit("seq", i);
      socket.emit("burst", 100 + n);
    }
    await until(() => sockets.every((s) => s.io.engine.transport.name === "websocket"));
    for (const [n, socket] of sockets.entries()) {
      for (let i = 100; i < 200; i++) socket.emit("seq", i);
      assert.deepEqual(await ask(socket, "seq-report"), { next: 200, errors: 0 });
      await arrived(socket, "burst-done");
      same(received(socket, "burst-item"), numbers(100 + n));
    }
  });
});
