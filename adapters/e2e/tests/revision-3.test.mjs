// Clients of Engine.IO revision 3: the Socket.IO clients 1.x and 2.x, the Engine.IO client 3.x, and the protocol by hand.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, connect, outcome, received, until } from "../lib/client.mjs";
import { askOld, connectOld, engine3, OLD_MODES, overOldClients, prepareOld, speakable, VERSIONS } from "../lib/old-client.mjs";
import { same } from "../lib/same.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { assertRefused, EIO, http1, rawUpgrade, SIO, UPGRADE_HEADERS, Wire } from "../lib/wire.mjs";

const ARGUMENTS = [
  [],
  ["text", "", null, 1.5, true],
  [{ a: { b: [1, { c: null }] } }, []],
  ["Zoë €😀 \u2028\u2029 \u0000\u001e\u007f \\ \\n \" / \r\n\t"],
  ["42[\"message\",1]", "3:4ab", "0:", "b4"],
  ["€😀".repeat(20_000)],
];

/** Text behind its length. */
const framed = (...packets) => packets.map((packet) => `${packet.length}:${packet}`).join("");

/** A long-polling session by hand: `get()` gives the body's text, `post(body)` wants it to be understood. */
async function poll(t, server, { path = EIO, query = "" } = {}) {
  const url = `${path}?EIO=3&transport=polling${query}`;
  const open = await http1(server, "GET", url);
  assert.equal(open.status, 200, open.text);
  const [, sid] = open.text.match(/sid\W+([\w-]{20})/);
  const session = {
    open, sid, url: `${url}&sid=${sid}`,
    get: () => http1(server, "GET", session.url),
    post: async (body, headers = {}) => {
      const answer = await http1(server, "POST", session.url, { body, headers });
      assert.deepEqual([answer.status, answer.text], [200, "ok"]);
    },
  };
  t.after(() => http1(server, "POST", session.url, { body: query.includes("j=") ? "d=1:1" : "1:1" }).catch(() => {}));
  return session;
}

describe("revision 3", () => {
  const server = useServer({ EIO3: 1 });

  overOldClients(test, "a client joins the main namespace without asking", async (t, version, mode) => {
    const socket = await connectOld(t, server, version, { mode });
    assert.deepEqual(socket.auth, {});
    assert.equal(socket.id, socket.io.engine.id);
    const who = await askOld(socket, "whoami");
    const transport = { upgrading: who.transport, upgraded: "websocket" }[mode] ?? mode.split(" ")[0];
    assert.deepEqual(who, { id: socket.id, nsp: "/", rooms: [socket.id], transport, protocol: 3, recovered: false });
  });

  overOldClients(test, "messages and acknowledgements", async (t, version, mode) => {
    const socket = await connectOld(t, server, version, { mode });
    const lists = ARGUMENTS.map(speakable(version, mode));
    for (const args of lists) socket.emit("message", ...args);
    const firsts = lists.map(([first]) => first ?? null);
    same(await Promise.all(firsts.map((first) => askOld(socket, "message-with-ack", first))), firsts);
    same(received(socket, "message-back"), lists);
    socket.on("server-ack-request", (payload, ack) => ack(payload, "yes"));
    socket.emit("server-ack", 7);
    same(await outcome(socket, "server-ack-result"), [[7, "yes"]]);
  });

  overOldClients(test, "bytes, both ways", async (t, version, mode) => {
    const socket = await connectOld(t, server, version, { mode });
    const euro = speakable(version, mode)("€");
    const large = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 256));
    socket.emit("binary", Buffer.from([1, 2, 3]), { deep: [large] }, euro);
    const [{ args, n }] = await outcome(socket, "binary-back");
    assert.equal(n, 2);
    assert.deepEqual([Buffer.from(args[0]), Buffer.from(args[1].deep[0]), args[2]], [Buffer.from([1, 2, 3]), large, euro]);
    socket.emit("send-binary", [0, 2, 300]);
    const [{ blobs, nested }] = await outcome(socket, "binary-data");
    const blob = (i, size) => Buffer.from(Array.from({ length: size }, (_, j) => (31 * i + j) % 256));
    assert.deepEqual(blobs.map((b) => Buffer.from(b)), [blob(0, 0), blob(1, 2), blob(2, 300)]);
    assert.deepEqual(Buffer.from(nested.deep[0].last), blob(2, 300));
    assert.deepEqual(Buffer.from(await askOld(socket, "message-with-ack", large)), large);
  });

  overOldClients(test, "rooms are shared with clients of revision 4", async (t, version, mode) => {
    const old = await connectOld(t, server, version, { mode });
    const young = await connect(t, server);
    const euro = speakable(version, mode)("€");
    const room = `room-${Math.random()}`;
    await askOld(old, "join", room);
    await ask(young, "join", room);
    assert.deepEqual(await askOld(old, "rooms"), [old.id, room].sort());
    await ask(young, "in-room", room, "hello", euro, Buffer.from([1]));
    await askOld(old, "to-room", room, "hello", 2);
    await askOld(old, "to-id", young.id, "private", 3);
    await ask(young, "to-id", old.id, "private", 4);
    await Promise.all([askOld(old, "whoami"), ask(young, "whoami")]);
    const plain = (events) => events.map(([name, ...args]) => [name, ...args.map((x) => (typeof x === "object" ? [...x] : x))]);
    assert.deepEqual(plain(old.log.filter(([name]) => name !== "auth")), [["hello", euro, [1]], ["private", 4]]);
    assert.deepEqual(plain(young.log.filter(([name]) => name !== "auth")), [["hello", euro, [1]], ["hello", 2], ["private", 3]]);
  });

  for (const version of Object.keys(VERSIONS)) {
    test(`the query of a namespace is what the client brings [${version}.x]`, async (t) => {
      const socket = await connectOld(t, server, version, { nsp: "/admin?token=s3cret&x=%E2%82%AC" });
      assert.deepEqual(socket.auth, { token: "s3cret", x: "€" });
      const { id, nsp } = await askOld(socket, "whoami");
      assert.deepEqual({ id, nsp }, { id: `/admin#${socket.io.engine.id}`, nsp: "/admin" });
      if (version === "2") assert.equal(socket.id, id);
    });

    test(`a refusal is the data of the error [${version}.x]`, async (t) => {
      const socket = prepareOld(t, server, version, { nsp: "/admin" });
      socket.open();
      assert.deepEqual(await outcome(socket, "error", ["connect"]), [{ code: 401, hint: "token" }]);
    });

    test(`a refusal without data is a string [${version}.x]`, oursOnly("sends an object"), async (t) => {
      const socket = prepareOld(t, server, version, { nsp: "/nope" });
      socket.open();
      assert.deepEqual(await outcome(socket, "error", ["connect"]), ["Invalid namespace"]);
    });

    test(`namespaces come and go on one connection [${version}.x]`, async (t) => {
      const main = await connectOld(t, server, version);
      const socket = main.io.socket("/dyn-3");
      socket.open();
      await outcome(socket, "connect");
      assert.equal((await askOld(socket, "whoami")).nsp, "/dyn-3");
      socket.emit("disconnect-me", false);
      assert.deepEqual(await outcome(socket, "disconnect"), ["io server disconnect"]);
      assert.equal((await askOld(main, "whoami")).nsp, "/");
      main.emit("disconnect-me", true);
      await outcome(main, "disconnect");
    });
  }

  for (const mode of Object.keys(OLD_MODES))
    test(`the Engine.IO client 3.x hears an echo of everything, in order [${mode}]`, async (t) => {
      const socket = await engine3(t, server, mode);
      const messages = Array.from({ length: 200 }, (_, i) => (i % 3 ? `€😀 ${i}` : Buffer.from([i, 4, 0xff])));
      for (const message of messages) socket.send(message);
      await until(() => socket.log.length >= messages.length);
      assert.deepEqual(socket.log.map((m) => (typeof m === "string" ? m : Buffer.from(m))), messages);
    });

  test("text has its length in front", async (t) => {
    const session = await poll(t, server);
    assert.match(session.open.text, /^\d+:0\{"sid":"[\w-]{20}","upgrades":\["websocket"\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}$/);
    await session.post(framed("4€😀", "4x"));
    let answer = "";
    while (answer.length < 10) answer += (await session.get()).text;
    assert.equal(answer, "4:4€😀2:4x");
  });

  test("the first body is the handshake alone, the next has the connection", async (t) => {
    const session = await poll(t, server, { path: SIO });
    assert.match(session.open.text, /^118:0\{[^}]*\}$/);
    let answer = "";
    while (!answer.endsWith("{}]")) answer += (await session.get()).text;
    assert.equal(answer, '2:4013:42["auth",{}]');
  });

  test("bytes are answered as bytes", async (t) => {
    const session = await poll(t, server);
    await session.post(Buffer.from([1, 4, 0xff, 4, 1, 2, 3]), { "content-type": "application/octet-stream" });
    const response = await fetch(server.url + session.url);
    assert.match(response.headers.get("content-type"), /^application\/octet-stream/);
    assert.deepEqual([...new Uint8Array(await response.arrayBuffer())], [1, 4, 0xff, 4, 1, 2, 3]);
  });

  test("a client that reads no bytes is answered in base64", async (t) => {
    const session = await poll(t, server, { query: "&b64=1" });
    await session.post("10:b4AQIDBA==");
    assert.equal((await session.get()).text, "10:b4AQIDBA==");
  });

  test("JSONP: scripts and forms", async (t) => {
    const session = await poll(t, server, { query: "&j=3" });
    assert.match(session.open.text, /^___eio\[3\]\("\d+:0\{\\"sid/);
    const message = "4 \\n \n \u2028 € \" </script>";
    const escaped = framed(message).replace(/\\n/g, "\\\n").replace(/\n/g, "\\n");
    await session.post(`d=${encodeURIComponent(escaped)}`, { "content-type": "application/x-www-form-urlencoded" });
    const { text } = await session.get();
    assert.doesNotMatch(text, /[\u2028\n]/);
    const heard = [];
    new Function("___eio", text)({ 3: (body) => heard.push(body) });
    assert.deepEqual(heard, [framed(message)]);
  });

  for (const [what, body] of Object.entries({
    "nothing": "", "no length": "4x", "letters for a length": "x:4x", "a length that is too large": "9:4x", "one that is too small": "1:4x", "a negative one": "-1:4x", "one without end": `${"9".repeat(400)}:4x`, "one in bytes": "8:4€😀", "an unknown packet": "2:9x", "half a pair": "2:4😀",
  }))
    test(`a body with ${what} ends the session, and only this one`, async (t) => {
      const [session, bystander] = [await poll(t, server), await poll(t, server)];
      await http1(server, "POST", session.url, { body });
      assertRefused(await session.get(), 1);
      await bystander.post("2:4x");
      assert.equal((await bystander.get()).text, "2:4x");
    });

  for (const [what, bytes] of Object.entries({
    "no length": [1, 0xff, 4], "an end too early": [1, 9, 0xff, 4], "no end of the length": [1, 1, 1], "a digit that is none": [1, 10, 0xff, 4], "an unknown kind": [2, 2, 0xff, 4, 1], "a length without end": [1, ...Array(400).fill(9), 0xff], "text that is no UTF-8": [0, 3, 0xff, 0x34, 0xc3, 0x28],
  }))
    test(`bytes with ${what} disturb nobody else`, async (t) => {
      const [session, bystander] = [await poll(t, server), await poll(t, server)];
      await http1(server, "POST", session.url, { body: Buffer.from(bytes), headers: { "content-type": "application/octet-stream" } });
      await bystander.post("2:4x");
      assert.equal((await bystander.get()).text, "2:4x");
    });

  test("a ping is answered with its data", oursOnly("drops the data"), async (t) => {
    const wire = await Wire.open(t, server, `${EIO}?EIO=3&transport=websocket`);
    assert.match(await wire.next(), /^0\{/);
    wire.send("2", "2abc");
    assert.deepEqual(await wire.take(2), ["3", "3abc"]);
  });

  test("bytes on a WebSocket have their type in front", async (t) => {
    const wire = await Wire.open(t, server, `${EIO}?EIO=3&transport=websocket`);
    await wire.next();
    wire.send(Buffer.from([4, 1, 2]), "b4AQIDBA==");
    assert.deepEqual(await wire.take(2), [Buffer.from([4, 1, 2]), Buffer.from([4, 1, 2, 3, 4])]);
  });

  test("a pong of the client ends the session", async (t) => {
    const wire = await Wire.open(t, server, `${EIO}?EIO=3&transport=websocket`);
    await wire.next();
    wire.send("3");
    await wire.assertClosed();
  });

  test("asking for the main namespace ends the session", async (t) => {
    const wire = await Wire.open(t, server, `${SIO}?EIO=3&transport=websocket`);
    await wire.take(3);
    wire.send("40");
    await wire.assertClosed();
  });

  test("a session keeps its revision", async (t) => {
    const session = await poll(t, server);
    assertRefused(await http1(server, "GET", session.url.replace("EIO=3", "EIO=4")), 3);
    await session.post("2:4x");
    assert.equal((await session.get()).text, "2:4x");
  });

  test("no revision is revision 3, and one that does not exist is none", oursOnly("takes whatever is not 4 for 3"), async () => {
    const wire = await http1(server, "GET", `${EIO}?transport=polling`);
    assert.match(wire.text, /^\d+:0\{/);
    const { sid } = JSON.parse(wire.text.slice(wire.text.indexOf("{")));
    await http1(server, "POST", `${EIO}?transport=polling&sid=${sid}`, { body: "1:1" });
    assertRefused(await http1(server, "GET", `${EIO}?EIO=5&transport=polling`), 5);
    const { status } = await rawUpgrade(server, `${EIO}?EIO=5&transport=websocket`, UPGRADE_HEADERS);
    assert.equal(status, 400);
  });
});

describe("the heartbeat of revision 3", () => {
  // A client has a second for its next ping, which on a machine that is busy it may need.
  const server = useServer({ EIO3: 1, PING_INTERVAL: 100, PING_TIMEOUT: 900 });

  for (const version of Object.keys(VERSIONS))
    for (const mode of ["polling", "websocket", "upgraded"])
      test(`a client stays for many intervals [${version}.x, ${mode}]`, async (t) => {
        const socket = await connectOld(t, server, version, { mode });
        await sleep(1500);
        assert.equal(socket.connected, true);
        assert.equal((await askOld(socket, "whoami")).id, socket.id);
      });

  test("a silent client is closed", async (t) => {
    const wire = await Wire.open(t, server, `${EIO}?EIO=3&transport=websocket`);
    await wire.next();
    await wire.assertClosed(3000);
  });

  test("so is one that has upgraded", oursOnly("forgets to watch it"), async (t) => {
    const session = await poll(t, server);
    const wire = await Wire.open(t, server, session.url.replace("polling", "websocket"));
    wire.send("2probe");
    assert.equal(await wire.next(), "3probe");
    wire.send("5");
    await wire.assertClosed(3000);
  });
});

describe("revision 3 is switched off", () => {
  const server = useServer();

  test("its clients are refused", async () => {
    assertRefused(await http1(server, "GET", `${SIO}?EIO=3&transport=polling&b64=1`), 5);
    assertRefused(await http1(server, "GET", `${SIO}?EIO=3&transport=polling&j=0`), 5);
  });
});
