// Events and acknowledgements, both ways.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, barrier, call, connect, overEveryTransport, received } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { useServer } from "../lib/server.mjs";

const ARGUMENTS = [
  [],
  ["text"],
  [""],
  [null],
  [1, -1.5, 1e21, 0, true, false],
  [[], {}, [[]], { a: { b: [1, { c: null }] } }],
  ["Zoë €😀 \u2028\u2029 \u0000\u001e\u007f \\ \" / \r\n\t"],
  [{ "": 1, "a\"b": 2, "_placeholder": true, num: 0 }],
  ["42[\"message\",1]", "b64", "2probe", "1", "\x1e41"],
  ["x".repeat(100_000)],
  [Array.from({ length: 1000 }, (_, i) => ({ i, name: `n${i}` }))],
];

describe("events", () => {
  const server = useServer();

  overEveryTransport((mode) => {
    test("message comes back with the same arguments", async (t) => {
      const socket = await connect(t, server, { mode });
      for (const args of ARGUMENTS) socket.emit("message", ...args);
      same(await arrived(socket, "message-back", ARGUMENTS.length), ARGUMENTS);
    });

    test("message-with-ack is acknowledged with the same arguments", async (t) => {
      const socket = await connect(t, server, { mode });
      const answers = await Promise.all(ARGUMENTS.map((args) => call(socket, "message-with-ack", ...args)));
      same(answers, ARGUMENTS);
      assert.deepEqual(received(socket, "message-back"), []);
    });

    test("acknowledgements find their question, whatever the order of the answers", async (t) => {
      const socket = await connect(t, server, { mode });
      const order = [];
      const question = (ms) => ask(socket, "delay-ack", ms, ms).then((answer) => (order.push(answer), answer));
      const answers = await Promise.all([question(300), question(0), question(20)]);
      assert.deepEqual(answers, [300, 0, 20]);
      assert.equal(order.at(-1), 300, "the first question was answered last");
    });

    test("no acknowledgement unless one was asked for, and none from never-ack", async (t) => {
      const socket = await connect(t, server, { mode });
      const packets = [];
      socket.io.on("packet", (packet) => packets.push(packet));
      let answered = false;
      socket.emit("never-ack", 1, () => (answered = true));
      socket.emit("message-with-ack", "nobody asked");
      socket.emit("join", "x");
      await barrier(socket);
      assert.equal(answered, false);
      assert.equal(packets.filter(({ type }) => type === 3).length, 1, "only that of the barrier");
      assert.ok((await ask(socket, "rooms")).includes("x"), "the effect is the same without an acknowledgement");
    });

    test("an acknowledgement called twice leaves once", async (t) => {
      const socket = await connect(t, server, { mode });
      const acks = [];
      socket.io.on("packet", (packet) => packet.type === 3 && acks.push(packet));
      assert.deepEqual(await call(socket, "double-ack", { v: 1 }), [{ v: 1 }]);
      await barrier(socket);
      assert.equal(acks.length, 2, "that one, and that of the barrier");
    });

    test("the server asks, the client acknowledges", async (t) => {
      const socket = await connect(t, server, { mode });
      const questions = [];
      socket.on("server-ack-request", (payload, ack) => (questions.push(payload), ack("a", [payload], null)));
      for (const payload of [1, { deep: [2] }, "drei"]) socket.emit("server-ack", payload);
      const results = await arrived(socket, "server-ack-result", 3);
      assert.deepEqual(questions, [1, { deep: [2] }, "drei"]);
      assert.deepEqual(results, questions.map((payload) => [["a", [payload], null]]));
    });

    test("the server's patience: answered in time, never, and too late", async (t) => {
      const socket = await connect(t, server, { mode });
      let late;
      socket.on("timeout-ack-request", (payload, ack) => {
        if (payload === "now") ack(1, 2);
        if (payload === "late") late = ack;
      });
      socket.emit("timeout-ack", 4000, "now");
      assert.deepEqual(await arrived(socket, "timeout-ack-result", 1), [[{ timedOut: false, args: [1, 2] }]]);
      socket.emit("timeout-ack", 50, "never");
      socket.emit("timeout-ack", 50, "late");
      const results = await arrived(socket, "timeout-ack-result", 3);
      assert.deepEqual(results.slice(1), Array(2).fill([{ timedOut: true, args: [] }]));
      late("too late");
      await barrier(socket);
      assert.equal(received(socket, "timeout-ack-result").length, 3, "exactly once each");
    });

    test("broadcast-ack collects everybody's answer", async (t) => {
      const [a, b, c] = [await connect(t, server, { mode }), await connect(t, server, { mode }), await connect(t, server)];
      const room = `ask-${mode}`;
      for (const s of [a, b, c]) await ask(s, "join", room);
      for (const [name, s] of Object.entries({ a, b, c })) s.on("broadcast-ack-request", (p, ack) => p === "silence" && name === "c" ? 0 : ack(name + p));
      a.emit("broadcast-ack", room, 4000, "!");
      const [[all]] = await arrived(a, "broadcast-ack-result", 1);
      assert.equal(all.timedOut, false);
      assert.deepEqual(all.responses.sort(), ["a!", "b!", "c!"]);
      a.emit("broadcast-ack", room, 400, "silence");
      const [, [some]] = await arrived(a, "broadcast-ack-result", 2);
      assert.equal(some.timedOut, true);
      assert.deepEqual(some.responses.sort(), ["asilence", "bsilence"]);
      a.emit("broadcast-ack", "nobody-here", 4000, "?");
      const [, , [none]] = await arrived(a, "broadcast-ack-result", 3);
      assert.deepEqual(none, { timedOut: false, responses: [] });
    });

    test("set and get belong to the socket", async (t) => {
      const [a, b] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      assert.deepEqual(await call(a, "set", "k", { v: [1] }), []);
      assert.deepEqual(await call(b, "set", "k", "other"), []);
      assert.deepEqual(await ask(a, "get", "k"), { v: [1] });
      assert.equal(await ask(a, "get", "nothing"), null);
    });

    test("unknown events are ignored", async (t) => {
      const socket = await connect(t, server, { mode });
      let answered = false;
      for (const name of ["no-such-event", "", "error", "connection", "auth", "message-back", "__proto__", "toString"])
        socket.emit(name, 1, { a: 2 }, () => (answered = true));
      await barrier(socket);
      assert.equal(answered, false);
      assert.deepEqual(socket.log, [["auth", {}]]);
    });

    test("ill-typed arguments disturb nobody", async (t) => {
      const bystander = await connect(t, server, { mode });
      const socket = await connect(t, server, { mode, reconnection: false });
      const events = [
        "delay-ack", "server-ack", "timeout-ack", "broadcast-ack", "join", "leave", "to-room", "in-room", "except-room",
        "to-room-except", "broadcast", "emit-all", "to-id", "volatile", "volatile-flood", "flood", "burst", "seq", "set",
        "get", "fetch-sockets", "sockets-join", "sockets-leave", "disconnect-sockets", "send-binary", "binary", "watch",
      ];
      const odd = [[], [null], [{}], [[]], [-1], [0.5], [true], [[null, {}]], [{ a: 1 }, {}], ["r", null], ["r", {}, []], [null, null, null, null], ["disconnect"], ["r", "connect"]];
      for (const event of events)
        for (const args of odd) {
          // No rooms at all may be understood as everybody.
          if (event === "disconnect-sockets" && Array.isArray(args[0])) continue;
          socket.emit(event, ...args);
          socket.emit(event, ...args, () => {});
        }
      assert.equal(await ask(socket, "message-with-ack", "still here"), "still here");
      assert.equal(await ask(bystander, "message-with-ack", "me too"), "me too");
      assert.ok(server.alive());
    });
  });
});
