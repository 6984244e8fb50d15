// Socket.IO packets by hand: unusual ones that are legal, and those that end the connection.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, ask } from "../lib/client.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { EIO, Polling, Wire } from "../lib/wire.mjs";

describe("packets", () => {
  const server = useServer();
  const joined = async (t, nsp) => {
    const wire = await Wire.session(t, server);
    await wire.join(nsp);
    return wire;
  };

  const legal = {
    "an escaped event name": ['42["\\u006dessage",1]', '42["message-back",1]'],
    "every letter escaped": ['42["\\u006D\\u0065\\u0073\\u0073\\u0061\\u0067\\u0065","x"]', '42["message-back","x"]'],
    "white space": ['42 [ "message" ,\t1 ,\n{ "a" : [ ] } ]'.replace("42 ", "42"), '42["message-back",1,{"a":[]}]'],
    "the namespace spelled out": ['42/,["message",1]', '42["message-back",1]'],
    "an acknowledgement id of many digits": ['42900719925474["message-with-ack",1]', '43900719925474[1]'],
    "the id zero": ['420["message-with-ack"]', "430[]"],
    "escapes and surrogate pairs": ['42["message","\\ud83d\\ude00\\u20ac\\n\\/"]', '42["message-back","😀€\\n/"]'],
    "a repeated key": ['42["message",{"a":1,"a":2}]', null],
    "a number with an exponent": ['42["message",1e3,-0.5E-2]', null],
    "attachments by base64": [["451-[\"binary\",{\"_placeholder\":true,\"num\":0}]", "bAQID"], null],
  };
  for (const [what, [sent, answer]] of Object.entries(legal))
    test(`legal: ${what}`, async (t) => {
      const wire = await joined(t);
      wire.send(...[sent].flat());
      const got = await wire.next();
      // JSON may come back in another spelling, but it must mean the same.
      if (answer) assert.deepEqual(parsed(got), parsed(answer));
      if (got.startsWith("45")) assert.deepEqual(await wire.next(), Buffer.from([1, 2, 3]));
      await wire.assertAlive();
    });
  const parsed = (packet) => {
    const at = packet.indexOf("[");
    return [packet.slice(0, at), JSON.parse(packet.slice(at))];
  };

  test("legal: a namespace without its comma, and with data", async (t) => {
    const wire = await Wire.session(t, server);
    wire.send("40/custom");
    assert.match(await wire.next(), /^40\/custom,\{"sid":"/);
    assert.equal(await wire.next(), '42/custom,["auth",{}]');
    wire.send('40/admin,{"token":"s3cret"}');
    assert.match(await wire.next(), /^40\/admin,\{"sid":"/);
    assert.equal(await wire.next(), '42/admin,["auth",{"token":"s3cret"}]');
    wire.send('42/custom,7["whoami"]');
    assert.match(await wire.next(), /^43\/custom,7\[\{/);
  });

  test("refusals on the wire", async (t) => {
    const wire = await Wire.session(t, server);
    wire.send("40/admin,");
    assert.equal(await wire.next(), '44/admin,{"message":"not authorized","data":{"code":401,"hint":"token"}}');
    wire.send("40/nope,");
    assert.equal(await wire.next(), '44/nope,{"message":"Invalid namespace"}');
    wire.send("40/custom?token=s3cret,");
    assert.equal(await wire.next(), '44/custom?token=s3cret,{"message":"Invalid namespace"}');
    await wire.join("/");
    await wire.assertAlive();
  });

  const illegal = {
    "a second CONNECT": "40",
    "a packet for a namespace that was not joined": '42/custom,["message",1]',
    "a DISCONNECT for a namespace that was not joined": "41/custom,",
    "CONNECT_ERROR": '44{"message":"no"}',
    "an unknown type": "47",
    "no type": "4",
    "an event without a name": "42[]",
    "null for a name": "42[null]",
    "an object for a name": '42[{"a":1}]',
    "an object instead of a list": '42{"a":1}',
    "a string instead of a list": '42"message"',
    "no JSON": "42[message]",
    "JSON that does not end": '42["message",1',
    "JSON and more": '42["message",1]x',
    "a trailing comma": '42["message",]',
    "a leading zero": '42["message",01]',
    "a bare control character": '42["message","\u0001"]',
    "a half escape": '42["message","\\u12"]',
    "an acknowledgement without a list": "431{}",
    "a negative id": '42-1["message"]',
    "letters for an id": '42abc["message"]',
    "too many attachments": '45100000-["binary",{"_placeholder":true,"num":0}]',
    "an absurd number of attachments": '4599999999999999999999-["binary"]',
    "attachments without a count": '45["binary",{"_placeholder":true,"num":0}]',
    "a text where an attachment is due": ['451-["binary",{"_placeholder":true,"num":0}]', '42["message"]'],
    "an attachment that nobody announced": Buffer.from([1, 2, 3]),
    "a placeholder out of range": ['451-["binary",{"_placeholder":true,"num":1}]', Buffer.from([1])],
    "a negative placeholder": ['451-["binary",{"_placeholder":true,"num":-1}]', Buffer.from([1])],
    ...Object.fromEntries(
      ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"].map((name) => [`the reserved event ${name}`, `42["${name}",1]`])),
    "a reserved name in disguise": '42["\\u0064isconnect"]',
  };
  for (const [what, packets] of Object.entries(illegal))
    test(`illegal: ${what}`, async (t) => {
      const [bystander, wire] = [await joined(t), await joined(t)];
      wire.send(...[packets].flat());
      await wire.assertClosed();
      await bystander.assertAlive();
      await server.statsBecome({ sockets: 1, sessions: 1 });
    });

  test("illegal: an event without a payload", oursOnly("dispatches an event without a name"), async (t) => {
    const wire = await joined(t);
    wire.send("42");
    await wire.assertClosed();
  });

  for (const [what, packet] of Object.entries({
    "an event": '42["message",1]', "an acknowledgement": "430[]", "a list for auth": "40[]", "a string for auth": '40"x"', "null for auth": "40null", "a DISCONNECT": "41", "a binary message": Buffer.from([1]),
  }))
    test(`illegal before a CONNECT: ${what}`, async (t) => {
      const wire = await Wire.session(t, server);
      wire.send(packet);
      await wire.assertClosed();
      await server.empty();
    });

  test("acknowledgements that nobody asked for are ignored", async (t) => {
    const wire = await joined(t);
    wire.send("430[]", '43123456["x"]', "43999999999999[]");
    await wire.assertAlive();
  });

  test("an acknowledgement counts once", async (t) => {
    const wire = await joined(t);
    wire.send('42["server-ack","p"]');
    const request = await wire.next();
    const [, id] = request.match(/^42(\d+)\["server-ack-request","p"\]$/) ?? assert.fail(request);
    wire.send(`43${id}[1]`, `43${id}[2]`);
    assert.equal(await wire.next(), '42["server-ack-result",[1]]');
    await wire.assertAlive();
  });

  test("a DISCONNECT on the wire, then a fresh CONNECT", async (t) => {
    const wire = await Wire.session(t, server);
    const first = await wire.join();
    wire.send("41");
    await server.statsBecome({ sockets: 0, sessions: 1 });
    const second = await wire.join();
    assert.notEqual(first.id, second.id);
    await wire.assertAlive();
  });

  test("ten attachments, and an engine packet between them", async (t) => {
    const wire = await joined(t);
    const places = Array.from({ length: 10 }, (_, num) => ({ _placeholder: true, num }));
    wire.send(`4510-${JSON.stringify(["binary", ...places])}`);
    for (let i = 0; i < 10; i++) {
      if (i === 5) wire.send("6");
      wire.send(Buffer.from([i]));
    }
    assert.equal(await wire.next(), `4510-${JSON.stringify(["binary-back", { args: places, n: 10 }])}`);
    assert.deepEqual(await wire.take(10), Array.from({ length: 10 }, (_, i) => Buffer.from([i])));
  });

  test("JSON nested very deep does not end the server", async (t) => {
    const bystander = await connect(t, server);
    const deep = "[".repeat(400_000) + "]".repeat(400_000);
    for (const event of process.env.REFERENCE === "1" ? ["never-ack"] : ["never-ack", "message", "message-with-ack"]) {
      const wire = await joined(t);
      wire.send(`42["${event}",${deep}]`, '42["message","after"]');
      // Either it is too much, or it is understood.
      await Promise.race([wire.closed, wire.next()]).catch(() => {});
      assert.equal(await ask(bystander, "message-with-ack", event), event);
    }
    assert.ok(server.alive());
  });

  test("names of the language are only names", async (t) => {
    const wire = await joined(t);
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      wire.send(`42${JSON.stringify([name, 1])}`, `42${JSON.stringify(["join", name])}`, `42${JSON.stringify(["set", name, 1])}`);
      wire.send(`42["message",{"${name}":{"x":1}}]`);
      assert.equal(await wire.next(), `42["message-back",{"${name}":{"x":1}}]`);
    }
  });
});

describe("packets, no CONNECT", () => {
  const server = useServer({ CONNECT_TIMEOUT: 200 });

  test("the plain engine knows no namespaces and waits for none; over polling the same time counts", async (t) => {
    const [wire, session] = [await Wire.session(t, server, { path: EIO }), await Polling.open(t, server, { path: EIO })];
    const idle = await Polling.open(t, server);
    const waiting = idle.get();
    const joined = await Polling.open(t, server);
    await joined.join();
    await server.statsBecome({ sockets: 1, sessions: 1, engineSessions: 2 });
    assert.equal((await waiting).status, 200);
    await idle.assertGone();
    await Promise.all([wire, session, joined].map((each) => each.assertAlive()));
  });

  test("who has joined once may leave everything and stay", async (t) => {
    const wire = await Wire.session(t, server);
    await wire.join();
    wire.send("41");
    const idle = await Wire.session(t, server);
    await idle.assertClosed(1500);
    await wire.join("/custom");
  });

  test("a session that joins nothing is closed in time, one that joined is not", async (t) => {
    const idle = await Wire.session(t, server);
    const refused = await Wire.session(t, server);
    const joined = await Wire.session(t, server);
    refused.send("40/nope,");
    assert.match(await refused.next(), /^44/);
    await joined.join("/custom");
    await idle.assertClosed(1500);
    await refused.assertClosed(1500);
    await server.statsBecome({ sockets: 1, sessions: 1 });
    assert.equal(joined.closing, undefined);
  });
});
