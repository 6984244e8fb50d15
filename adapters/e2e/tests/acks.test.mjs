// Acknowledgements in odd situations: many at once, none, too many, from those who leave.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, barrier, call, connect, outcome, overEveryTransport, received, until } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { useServer } from "../lib/server.mjs";
import { Wire } from "../lib/wire.mjs";

const numbers = (n) => Array.from({ length: n }, (_, i) => i);

describe("acks", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    test("two thousand questions of the server at once, answered behind as many events", async (t) => {
      const socket = await connect(t, server, { mode });
      socket.on("server-ack-request", (payload, ack) => ack(payload, "yes"));
      for (const i of numbers(2000)) socket.emit("server-ack", i);
      assert.equal(await ask(socket, "message-with-ack", "behind"), "behind");
      const results = await arrived(socket, "server-ack-result", 2000);
      same(results.map(([[i]]) => i).sort((a, b) => a - b), numbers(2000));
    });

    test("a thousand that are answered late hold nothing up", async (t) => {
      const socket = await connect(t, server, { mode });
      const late = numbers(900).map((i) => ask(socket, "delay-ack", 300, i));
      const start = Date.now();
      assert.equal(await ask(socket, "message-with-ack", "quick"), "quick");
      assert.ok(Date.now() - start < 300, "it did not wait for the others");
      same(await Promise.all(late), numbers(900));
    });

    test("acknowledgements carry any number of arguments, both ways", async (t) => {
      const socket = await connect(t, server, { mode });
      const answers = [[], [null], [1, 2, 3], [[]], [{ a: [] }, "€😀"], numbers(100)];
      let at = 0;
      socket.on("server-ack-request", (_, ack) => ack(...answers[at++]));
      socket.on("timeout-ack-request", (_, ack) => ack(...answers[at++]));
      for (const event of ["server-ack", "timeout-ack"]) {
        at = 0;
        for (const answer of answers) {
          const result = outcome(socket, `${event}-result`);
          event === "server-ack" ? socket.emit(event, "p") : socket.emit(event, 4000, "p");
          assert.deepEqual(await result, event === "server-ack" ? [answer] : [{ timedOut: false, args: answer }]);
        }
      }
    });

    test("the first argument of each counts in a broadcast, null where there is none", async (t) => {
      const sockets = [await connect(t, server, { mode }), await connect(t, server, { mode }), await connect(t, server, { mode })];
      const room = `firsts-${mode}`;
      for (const socket of sockets) await ask(socket, "join", room);
      sockets[0].on("broadcast-ack-request", (_, ack) => ack());
      sockets[1].on("broadcast-ack-request", (_, ack) => ack({ bytes: Buffer.from([1]) }, "second", "third"));
      sockets[2].on("broadcast-ack-request", (_, ack) => (ack("z"), ack("twice")));
      sockets[0].emit("broadcast-ack", room, 4000, { q: Buffer.from("?") });
      const [[{ timedOut, responses }]] = await arrived(sockets[0], "broadcast-ack-result");
      assert.equal(timedOut, false);
      const order = (x) => [null, "z"].indexOf(x);
      assert.deepEqual(responses.sort((a, b) => order(a) - order(b)), [{ bytes: Buffer.from([1]) }, null, "z"]);
      assert.deepEqual(received(sockets[1], "broadcast-ack-request")[0], [{ q: Buffer.from("?") }]);
    });

    test("somebody leaves instead of answering a broadcast", async (t) => {
      const [caller, quick, leaver] = [await connect(t, server, { mode }), await connect(t, server, { mode }), await connect(t, server, { mode })];
      const room = `leaving-${mode}`;
      for (const socket of [quick, leaver]) await ask(socket, "join", room);
      quick.on("broadcast-ack-request", (_, ack) => ack("here"));
      leaver.on("broadcast-ack-request", () => leaver.disconnect());
      caller.emit("broadcast-ack", room, 300, "?");
      assert.deepEqual(await arrived(caller, "broadcast-ack-result"), [[{ timedOut: true, responses: ["here"] }]]);
    });

    test("a broadcast without patience ends all the same, once", async (t) => {
      const [caller, silent] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      const room = `silent-${mode}`;
      await ask(silent, "join", room);
      caller.emit("broadcast-ack", room, 0, "?");
      caller.emit("broadcast-ack", room, 1, "?");
      caller.emit("broadcast-ack", `nobody-${mode}`, 0, "?");
      await arrived(caller, "broadcast-ack-result", 3);
      await barrier(caller, silent);
      const results = received(caller, "broadcast-ack-result").map(([result]) => result);
      assert.deepEqual(results.filter(({ timedOut }) => timedOut), Array(2).fill({ timedOut: true, responses: [] }));
      assert.deepEqual(results.filter(({ timedOut }) => !timedOut), [{ timedOut: false, responses: [] }]);
    });

    test("a timeout of zero", async (t) => {
      const socket = await connect(t, server, { mode });
      socket.emit("timeout-ack", 0, "now");
      assert.deepEqual(await arrived(socket, "timeout-ack-result"), [[{ timedOut: true, args: [] }]]);
    });

    test("who has gone while it was asked costs nobody anything", async (t) => {
      const bystander = await connect(t, server, { mode });
      const socket = await connect(t, server, { mode });
      for (const i of numbers(50)) {
        socket.emit("server-ack", i);
        socket.emit("timeout-ack", 100_000, i);
        socket.emit("delay-ack", 100_000, i, () => {});
        socket.emit("broadcast-ack", socket.id, 100_000, i);
      }
      await barrier(socket);
      socket.disconnect();
      assert.equal(await ask(bystander, "message-with-ack", 1), 1);
      await server.statsBecome({ sockets: 1, sessions: 1 });
    });

    test("delayed acknowledgements of somebody who left and came back reach nobody", async (t) => {
      const socket = await connect(t, server, { mode });
      let answered = 0;
      const packets = [];
      socket.emit("delay-ack", 50, "late", () => answered++);
      await barrier(socket);
      const again = outcome(socket, "connect");
      socket.disconnect().connect();
      await again;
      socket.io.on("packet", (packet) => packets.push(packet));
      await ask(socket, "delay-ack", 100, "later");
      assert.equal(packets.filter(({ type }) => type === 3).length, 1);
      assert.equal(answered, 0);
    });

    test("bytes in everything that answers", async (t) => {
      const socket = await connect(t, server, { mode });
      const bytes = { deep: [Buffer.from([0, 255])], n: 1 };
      assert.deepEqual(await call(socket, "delay-ack", 1, "x", bytes, Buffer.from([2])), ["x", bytes, Buffer.from([2])]);
      assert.deepEqual(await call(socket, "double-ack", bytes), [bytes]);
      assert.deepEqual(await call(socket, "set", "key", bytes), []);
      assert.deepEqual(await ask(socket, "get", "key"), bytes);
      assert.deepEqual((await ask(socket, "fetch-sockets", socket.id))[0].data, { key: bytes });
      socket.on("timeout-ack-request", (payload, ack) => ack(payload, Buffer.from([9])));
      socket.emit("timeout-ack", 4000, bytes);
      assert.deepEqual(await arrived(socket, "timeout-ack-result"), [[{ timedOut: false, args: [bytes, Buffer.from([9])] }]]);
      for (const event of ["to-id", "in-room"]) await ask(socket, event, socket.id, "relayed", bytes);
      await ask(socket, "volatile", "relayed", bytes);
      await barrier(socket);
      for (const args of received(socket, "relayed")) assert.deepEqual(args, [bytes]);
      assert.ok(received(socket, "relayed").length >= 2);
    });
  });

  test("ids that are used again, out of order, large", async (t) => {
    const wire = await Wire.session(t, server);
    await wire.join();
    wire.send('427["message-with-ack",1]', '427["message-with-ack",2]', '420["message-with-ack",3]', '42007["message-with-ack",4]', '429007199254740991["message-with-ack",5]');
    assert.deepEqual(await wire.take(5), ["437[1]", "437[2]", "430[3]", "437[4]", "439007199254740991[5]"]);
    wire.send('42["server-ack","a"]', '42["server-ack","b"]');
    const ids = (await wire.take(2)).map((packet) => packet.match(/^42(\d+)\[/)[1]);
    assert.notEqual(ids[0], ids[1]);
    wire.send(`43${ids[1]}["B"]`, `43${ids[0]}["A"]`, `43${ids[0]}["again"]`, `43${Number(ids[1]) + 1000}["never asked"]`);
    assert.deepEqual((await wire.take(2)).sort(), ['42["server-ack-result",["A"]]', '42["server-ack-result",["B"]]']);
    await wire.assertAlive();
  });

  test("a payload is one argument, null too, and null if it is missing", async (t) => {
    const wire = await Wire.session(t, server);
    await wire.join();
    wire.send('421["double-ack",null]', '422["double-ack",[1,null],2]');
    assert.deepEqual(await wire.take(2), ["431[null]", "432[[1,null]]"]);
    await wire.ask(3, "join", "here");
    for (const event of ["server-ack", "timeout-ack", "broadcast-ack"]) {
      const before = { "server-ack": [], "timeout-ack": [10_000], "broadcast-ack": ["here", 10_000] }[event];
      for (const [payload, sent] of [["p", ["p", "q"]], [null, [null]], [null, []], [[1, 2], [[1, 2]]]]) {
        wire.send(`42${JSON.stringify([event, ...before, ...sent])}`);
        const [, id, question] = (await wire.next()).match(/^42(\d+)(.*)$/);
        assert.deepEqual(JSON.parse(question), [`${event}-request`, payload]);
        wire.send(`43${id}[1]`);
        assert.match(await wire.next(), new RegExp(`^42\\["${event}-result",`));
      }
    }
  });

  test("less than no time is none", async (t) => {
    const socket = await connect(t, server);
    assert.equal(await ask(socket, "delay-ack", -5, "at once"), "at once");
    socket.emit("timeout-ack", -5, "p");
    assert.deepEqual(await arrived(socket, "timeout-ack-result"), [[{ timedOut: true, args: [] }]]);
  });

  test("an answer in another namespace is none", async (t) => {
    const wire = await Wire.session(t, server);
    await wire.join();
    await wire.join("/custom");
    wire.send('42["timeout-ack",150,"a"]');
    const [, id] = (await wire.next()).match(/^42(\d+)\[/);
    wire.send(`43/custom,${id}["stolen"]`);
    assert.equal(await wire.next(), '42["timeout-ack-result",{"timedOut":true,"args":[]}]');
    await wire.assertAlive();
  });

  test("nobody answers for somebody else", async (t) => {
    const [asked, thief] = [await Wire.session(t, server), await Wire.session(t, server)];
    await asked.join();
    await thief.join();
    asked.send('42["timeout-ack",200,"a"]');
    const [, id] = (await asked.next()).match(/^42(\d+)\[/);
    for (let i = Math.max(0, Number(id) - 5); i < Number(id) + 5; i++) thief.send(`43${i}["stolen"]`);
    await thief.assertAlive();
    assert.equal(await asked.next(), '42["timeout-ack-result",{"timedOut":true,"args":[]}]');
  });

  test("acknowledgements with bytes by hand, and broken ones", async (t) => {
    const wire = await Wire.session(t, server);
    await wire.join();
    wire.send('42["server-ack","a"]');
    const [, id] = (await wire.next()).match(/^42(\d+)\[/);
    wire.send(`461-${id}[{"_placeholder":true,"num":0},7]`, Buffer.from([5]));
    assert.equal(await wire.next(), '451-["server-ack-result",[{"_placeholder":true,"num":0},7]]');
    assert.deepEqual(await wire.next(), Buffer.from([5]));
    for (const broken of ["43[1]", "431", '431{"a":1}', '461-1[{"_placeholder":true,"num":1}]']) {
      const other = await Wire.session(t, server);
      await other.join();
      other.send(broken, ...(broken.startsWith("46") ? [Buffer.from([1])] : []));
      if (broken === "431" || broken === "43[1]") continue; // understood or not: only the others must not notice
      await other.assertClosed();
    }
    await wire.assertAlive();
    await until(() => server.alive());
  });
});
