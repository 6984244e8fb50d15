// Long-polling by hand.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { oursOnly, useServer } from "../lib/server.mjs";
import { assertRefused, EIO, http1, Polling, SIO } from "../lib/wire.mjs";

const RS = "\x1e";

describe("polling", () => {
  const server = useServer();

  test("the handshake", async (t) => {
    for (const path of [SIO, EIO]) {
      const { response, handshake } = await Polling.open(t, server, { path });
      assert.match(handshake.sid, /^[\w-]{20}$/);
      assert.deepEqual(handshake, {
        sid: handshake.sid, upgrades: ["websocket"], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000,
      });
      assert.match(response.headers["content-type"], /^text\/plain; *charset=utf-8$/i);
      assert.equal(response.headers["cache-control"], "no-store");
      assert.equal(Number(response.headers["content-length"]), Buffer.byteLength(response.text));
      assert.equal(response.headers["set-cookie"], undefined);
      assert.equal(response.headers["access-control-allow-origin"], undefined);
    }
  });

  test("several packets in one body, text and binary", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const packets = ["4a", "4", "4€😀", "bAQID", "4b", "bAA==", "b"];
    await session.send(...packets);
    assert.deepEqual(await session.collect(packets.length), packets);
  });

  test("a GET waits for the message", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const waiting = session.receive();
    await session.send("4later");
    assert.deepEqual(await waiting, ["4later"]);
  });

  test("the Socket.IO packets of a connection", async (t) => {
    const session = await Polling.open(t, server);
    const { id } = await session.join();
    assert.notEqual(id, session.handshake.sid);
    await session.send('42["message",1]', '421["message-with-ack",{"a":[2]}]', '42["message",3]');
    assert.deepEqual(await session.collect(3), ['42["message-back",1]', '431[{"a":[2]}]', '42["message-back",3]']);
  });

  test("an overlapping GET is refused and ends the session", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const first = session.get();
    await once(first.request, "finish");
    // Which of the two the server sees first is not known: one is refused, the other is let go.
    const statuses = (await Promise.all([first, session.get()])).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, 400]);
    await session.assertGone();
  });

  test("an overlapping POST is refused and ends the session", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const headers = { "content-type": "text/plain" };
    const first = http1(server, "POST", session.query, { body: "4unfin", hold: 100, headers });
    const end = first.then(({ status }) => status, () => "hung up");
    // There is no other way to know that the first has arrived than to try until it has.
    for (let i = 0; ; i++) {
      const { status } = await session.post("4second");
      if (status === 400) break;
      assert.ok(i < 100, "the overlap is never noticed");
    }
    assert.notEqual(await end, 200, "the unfinished one is not held for ever, and not accepted");
    await session.assertGone();
  });

  test("a GET that is given up ends the session", async (t) => {
    // What a server has not read when the connection ends it may never see: then it was another session's turn. A server that does not
    // care fails every time.
    for (let attempt = 1; ; attempt++) {
      const session = await Polling.open(t, server, { path: EIO });
      const { answer, request } = await session.hang();
      answer.catch(() => {});
      request.destroy();
      const ended = server.statsBecome({ engineSessions: 0 }, 1500);
      if (attempt === 3) return ended;
      if (await ended.then(() => true, () => false)) return;
      await session.post("1");
      await server.statsBecome({ engineSessions: 0 });
    }
  });

  for (const [what, body] of Object.entries({ "an unknown packet": "abc", "nothing": "", "no base64": "b!!!!", "only a separator": RS, "a good packet and a bad one": `4good${RS}x` })) {
    const strict = what === "no base64" ? oursOnly("reads as much of it as is base64") : {};
    test(`a body with ${what} ends the session`, strict, async (t) => {
      const [session, bystander] = [await Polling.open(t, server, { path: EIO }), await Polling.open(t, server, { path: EIO })];
      await session.post(body);
      await session.assertGone();
      await bystander.assertAlive();
    });

    test(`a body with ${what} is a bad request`, oursOnly("answers 200 ok"), async (t) => {
      const session = await Polling.open(t, server, { path: EIO });
      assertRefused(await session.post(body), 3);
    });
  }

  test("a waiting GET is answered when the session ends", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const { answer } = await session.hang();
    await session.post("abc");
    await answer;
    await session.assertGone();
  });

  test("a ping from the client is against the rules", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    await session.post("2");
    await session.assertGone();
  });

  test("packets that mean nothing here are ignored", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    for (const packet of ["0", "5", "6", "3"]) await session.send(packet);
    await session.assertAlive();
  });

  test("the client closes: a waiting GET is let go, what follows the close is not read", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const { answer } = await session.hang();
    await session.send("4before", "1", "4after");
    const { status, text } = await answer;
    assert.equal(status, 200);
    assert.ok(!text.includes("after"), text);
    await session.assertGone();
    await server.empty();
  });

  test("the server closes: what was sent before arrives, then the close", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    await session.send("4last", "4!close");
    const packets = [];
    for (let i = 0; i < 3 && !packets.includes("1"); i++) packets.push(...(await session.receive()));
    assert.deepEqual(packets.filter((p) => p !== "6"), ["4last", "1"]);
    await session.assertGone();
  });

  test("the close comes in a response of its own", async (t) => {
    // The JavaScript client handles a close at once but the packets beside it a tick later: it would drop them.
    for (const early of [true, false]) {
      const session = await Polling.open(t, server);
      await session.join();
      const waiting = early && (await session.hang()).answer;
      await session.send('42["message","last"]', '42["disconnect-me",true]');
      const responses = waiting ? [(await waiting).text] : [];
      while (responses.length < 4 && !responses.at(-1)?.split(RS).includes("1")) responses.push((await session.receive()).join(RS));
      assert.ok(!responses.at(-1).includes("4"), JSON.stringify(responses));
      assert.deepEqual(responses.join(RS).split(RS).filter((p) => p !== "6"), ['42["message-back","last"]', "41", "1"]);
    }
  });

  test("binary bodies belong to revision 3", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const { status } = await session.post("4hello", { headers: { "content-type": "application/octet-stream" } });
    assert.equal(status, 400);
    await session.assertGone();
  });

  test("bodies in chunks, and cut anywhere", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const text = "4€😀".repeat(200);
    assert.equal((await session.post(text, { chunked: true })).status, 200);
    assert.deepEqual(await session.collect(1), [text]);
    const bytes = Buffer.from(text);
    const pending = http1(server, "POST", session.query, { body: bytes.subarray(0, 3), hold: bytes.length });
    for (let i = 3; i < bytes.length; i += 101) {
      await new Promise((done) => pending.request.write(bytes.subarray(i, i + 101), done));
    }
    pending.request.end();
    assert.equal((await pending).status, 200);
    assert.deepEqual(await session.collect(1), [text]);
  });

  test("a POST that is given up half way ends only its own session", async (t) => {
    const [session, bystander] = [await Polling.open(t, server, { path: EIO }), await Polling.open(t, server, { path: EIO })];
    const half = http1(server, "POST", session.query, { body: "4half", hold: 1000 });
    half.catch(() => {});
    await once(half.request, "socket");
    await bystander.assertAlive();
    half.request.destroy();
    await server.statsBecome({ engineSessions: 1 });
    await bystander.assertAlive();
  });

  test("many requests on one connection", async (t) => {
    const { Agent, request } = await import("node:http");
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const session = await Polling.open(t, server, { path: EIO });
    const ports = new Set();
    const exchange = (method, body) =>
      new Promise((resolve, reject) => {
        const r = request(server.url + session.query, { method, agent }, (response) => {
          let text = "";
          response.on("data", (chunk) => (text += chunk));
          response.on("end", () => resolve(text));
        });
        r.on("socket", (socket) => socket.localPort ? ports.add(socket.localPort) : socket.once("connect", () => ports.add(socket.localPort)));
        r.on("error", reject);
        r.end(body);
      });
    for (let i = 0; i < 50; i++) {
      assert.equal(await exchange("POST", `4${i}`), "ok");
      assert.equal(await exchange("GET"), `4${i}`);
    }
    assert.equal(ports.size, 1, "the connection is kept");
  });
});

describe("polling, small limit", () => {
  const MAX = 2000;
  const server = useServer({ MAX_HTTP_BUFFER_SIZE: MAX });

  test("maxPayload says so", async (t) => {
    assert.equal((await Polling.open(t, server)).handshake.maxPayload, MAX);
  });

  test("exactly the limit is accepted, in bytes", async (t) => {
    const session = await Polling.open(t, server, { path: EIO });
    const body = `4x${"€".repeat((MAX - 2) / 3)}`;
    assert.equal(Buffer.byteLength(body), MAX);
    await session.send(body);
    assert.deepEqual(await session.collect(1), [body]);
  });

  for (const chunked of [false, true])
    for (const size of [MAX + 1, 500 * MAX])
      test(`${size} bytes${chunked ? " in chunks" : ""} are too large, the session survives`, async (t) => {
        const session = await Polling.open(t, server, { path: EIO });
        const { status } = await session.post("4".padEnd(size, "x"), { chunked });
        assert.equal(status, 413);
        await session.assertAlive();
      });
});
