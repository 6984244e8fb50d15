// Which transports there are.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, connect, outcome, prepare, sleep } from "../lib/client.mjs";
import { useServer } from "../lib/server.mjs";
import { assertRefused, EIO, http1, Polling, SIO, Wire } from "../lib/wire.mjs";

describe("polling only", () => {
  const server = useServer({ TRANSPORTS: "polling" });

  test("no upgrade is offered and none is accepted", async (t) => {
    for (const path of [SIO, EIO]) {
      assert.deepEqual((await Polling.open(t, server, { path })).handshake.upgrades, []);
      await assert.rejects(Wire.open(t, server, `${path}?EIO=4&transport=websocket`), { status: 400 });
    }
    const socket = await connect(t, server, { mode: "upgrading" });
    assert.equal((await ask(socket, "whoami")).transport, "polling");
  });
});

describe("websocket only", () => {
  const server = useServer({ TRANSPORTS: "websocket" });

  test("polling is unknown", async (t) => {
    for (const path of [SIO, EIO]) assertRefused(await http1(server, "GET", `${path}?EIO=4&transport=polling`), 0);
    const refused = prepare(t, server, { mode: "polling" });
    const failure = outcome(refused, "connect_error");
    refused.connect();
    await failure;
    const socket = await connect(t, server);
    assert.equal((await ask(socket, "whoami")).transport, "websocket");
  });
});

describe("no upgrades", () => {
  const server = useServer({ ALLOW_UPGRADES: 0 });

  test("polling stays polling, WebSocket is there from the start", async (t) => {
    assert.deepEqual((await Polling.open(t, server, { path: EIO })).handshake.upgrades, []);
    const [stays, direct] = [await connect(t, server, { mode: "upgrading" }), await connect(t, server)];
    await sleep(150);
    assert.equal((await ask(stays, "whoami")).transport, "polling");
    assert.equal((await ask(direct, "whoami")).transport, "websocket");
  });
});
