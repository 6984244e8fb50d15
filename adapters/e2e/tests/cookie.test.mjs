// A cookie that carries the session id.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, connect, testEach } from "../lib/client.mjs";
import { askOld, connectOld, overOldClients } from "../lib/old-client.mjs";
import { useServer } from "../lib/server.mjs";
import { assertRefused, EIO, http1, Polling, rawUpgrade, SIO, UPGRADE_HEADERS, upgrade } from "../lib/wire.mjs";

describe("cookie", () => {
  const server = useServer({ COOKIE: "crumb", EIO3: 1 });

  for (const path of [SIO, EIO]) {
    test(`${path}: the answer to a long-polling handshake sets it, no other`, async (t) => {
      const session = await Polling.open(t, server, { path });
      const expected = `crumb=${session.handshake.sid}; Path=/; HttpOnly; SameSite=Lax`;
      assert.deepEqual(session.response.headers["set-cookie"], [expected]);
      const { answer } = await session.hang();
      const post = await session.post(path === EIO ? "4hello" : "40");
      assert.equal(post.headers["set-cookie"], undefined);
      assert.equal((await answer).headers["set-cookie"], undefined);
      await upgrade(t, session);
    });

    test(`${path}: revision 3 gets it too`, async () => {
      for (const more of ["", "&j=0"]) {
        const response = await http1(server, "GET", `${path}?EIO=3&transport=polling${more}`);
        const [, sid] = response.text.match(/sid\W+([\w-]{20})/);
        assert.deepEqual(response.headers["set-cookie"], [`crumb=${sid}; Path=/; HttpOnly; SameSite=Lax`]);
        const body = more ? "d=1:1" : "1:1";
        await http1(server, "POST", `${path}?EIO=3&transport=polling&sid=${sid}`, { body });
      }
    });

    test(`${path}: a WebSocket handshake does not set it`, async () => {
      for (const EIO of [3, 4]) {
        const query = `?EIO=${EIO}&transport=websocket`;
        const { upgraded, headers, socket } = await rawUpgrade(server, path + query, UPGRADE_HEADERS);
        assert.ok(upgraded);
        assert.equal(headers["set-cookie"], undefined);
        socket.destroy();
      }
    });

    test(`${path}: nor does a refusal`, async () => {
      const response = await http1(server, "GET", `${path}?EIO=5&transport=polling`);
      assertRefused(response, 5);
      assert.equal(response.headers["set-cookie"], undefined);
    });
  }

  testEach("clients that keep cookies connect and talk", async (t, mode) => {
    const socket = await connect(t, server, { mode, withCredentials: true });
    assert.equal(await ask(socket, "message-with-ack", "hello"), "hello");
  });

  overOldClients(test, "so do old clients", async (t, version, mode) => {
    const socket = await connectOld(t, server, version, { mode });
    assert.equal(await askOld(socket, "message-with-ack", "hello"), "hello");
  });
});

describe("no cookie", () => {
  const server = useServer({ COOKIE: "" });

  test("none is set unless it is asked for", async (t) => {
    for (const path of [SIO, EIO]) {
      const session = await Polling.open(t, server, { path });
      assert.equal(session.response.headers["set-cookie"], undefined);
    }
  });
});
