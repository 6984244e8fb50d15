// Volatile events: dropped rather than queued, and never out of order.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, barrier, call, connect, overEveryTransport, received } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { useServer } from "../lib/server.mjs";
import { Polling } from "../lib/wire.mjs";

describe("volatile", () => {
  const server = useServer();

  test("a polling client that does not wait misses them, and nothing else", async (t) => {
    const session = await Polling.open(t, server);
    await session.join();
    await session.send('42["volatile","news",1]', '421["volatile","news",2]', '42["message",3]', '42["volatile-flood",10,10]');
    assert.deepEqual(await session.collect(3), ["431[]", '42["message-back",3]', '42["flood-done",10]']);
  });

  overEveryTransport((mode) => {
    test("a single one", async (t) => {
      const socket = await connect(t, server, { mode });
      assert.deepEqual(await call(socket, "volatile", "news", 1, { a: [2] }), []);
      await barrier(socket);
      const got = received(socket, "news");
      // An idle WebSocket has room; with polling there may be no request to answer just then.
      if (mode === "websocket" || mode === "upgraded" || got.length) assert.deepEqual(got, [[1, { a: [2] }]]);
    });

    test("a flood arrives in part, in order, and what follows arrives in any case", async (t) => {
      const socket = await connect(t, server, { mode });
      socket.emit("volatile-flood", 500, 1000);
      assert.deepEqual(await arrived(socket, "flood-done"), [[500]]);
      assert.equal(socket.log.at(-1)[0], "flood-done");
      const got = received(socket, "flood").map(([i, text]) => (assert.equal(text, "v".repeat(1000)), i));
      same(got, [...new Set(got)].sort((a, b) => a - b));
      await barrier(socket);
      assert.equal(received(socket, "flood").length, got.length);
    });
  });
});
