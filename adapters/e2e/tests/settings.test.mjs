// Which transports there are.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, connect, outcome, prepare, sleep } from "../lib/client.mjs";
import { ServerProcess, useServer } from "../lib/server.mjs";
import { Tcp } from "../lib/tcp.mjs";
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

describe("values that set nothing", () => {
  const server = useServer({ EIO3: "true", TRANSPORTS: "", ALLOW_UPGRADES: "", PING_INTERVAL: "", PING_TIMEOUT: "", MAX_HTTP_BUFFER_SIZE: "", UPGRADE_TIMEOUT: "", CONNECT_TIMEOUT: "" });

  test("an empty variable is none, a flag is on only at 1", async (t) => {
    for (const path of [SIO, EIO]) {
      const { sid, ...rest } = (await Polling.open(t, server, { path })).handshake;
      assert.deepEqual(rest, { upgrades: ["websocket"], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 });
      assertRefused(await http1(server, "GET", `${path}?EIO=3&transport=polling`), 5);
    }
  });
});

test("SIGTERM ends the server whatever its clients do", async (t) => {
  const server = await ServerProcess.start();
  const wire = await Wire.session(t, server);
  await wire.join();
  wire.send('42["delay-ack",100000]', '42["server-ack",1]');
  const session = await Polling.open(null, server, { path: EIO });
  const waiting = (await session.hang()).answer.catch(() => {});
  const half = http1(server, "POST", session.query, { body: "4half", hold: 100 }).catch(() => {});
  await Tcp.connect(t, server);
  await server.stop();
  wire.socket.terminate();
  await Promise.all([waiting, half]);
});
