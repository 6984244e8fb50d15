// What happens while others are busy: connecting into a storm, leaving in the middle of it, reading slowly.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, barrier, connect, overEveryTransport, received, sleep, until } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { EIO, Polling, SIO, upgrade, Wire } from "../lib/wire.mjs";

const RS = "\x1e";

describe("races", () => {
  const server = useServer();

  /** Others broadcast to everyone all the time until the test ends. */
  async function storm(t, nsp = "/", event = "emit-all") {
    const wires = await Promise.all([1, 2, 3].map(() => Wire.session(t, server)));
    let busy = true;
    t.after(() => (busy = false));
    for (const wire of wires) {
      await wire.join(nsp);
      // What it hears itself is not kept.
      wire.socket.removeAllListeners("message");
      const prefix = nsp === "/" ? "" : `${nsp},`;
      const message = `42${prefix}${JSON.stringify([event, "storm", "x"])}`;
      const blow = async () => {
        for (; busy && wire.socket.readyState === 1; await sleep(2)) for (let i = 0; i < 5; i++) wire.socket.send(message);
      };
      blow();
    }
  }

  for (const nsp of ["/", "/dyn-77"])
    test(`whoever connects to ${nsp} into a storm hears the reply, then auth, then the storm`, async (t) => {
      await storm(t, nsp);
      const prefix = nsp === "/" ? "" : `${nsp},`;
      for (let round = 0; round < 8; round++) {
        const wires = await Promise.all(Array.from({ length: 10 }, () => Wire.session(t, server)));
        await Promise.all(wires.map(async (wire) => {
          wire.send(`40${prefix}{"a":1}`);
          const [reply, first, second] = await wire.take(3);
          assert.ok(reply.startsWith(`40${prefix}{"sid"`), reply);
          assert.equal(first, `42${prefix}["auth",{"a":1}]`);
          assert.equal(second, `42${prefix}["storm","x"]`);
          wire.socket.terminate();
        }));
      }
    });

  test("who disconnects in a storm hears nothing behind the goodbye", async (t) => {
    await storm(t);
    for (let i = 0; i < 12; i++) {
      const wire = await Wire.session(t, server);
      await wire.join();
      const close = i % 2 === 0;
      wire.send(`42["disconnect-me",${close}]`);
      for (let message; (message = await wire.next()) !== "41"; ) assert.match(message, /^42\["storm"/);
      if (close) await wire.assertClosed();
      else {
        wire.send("40/custom");
        assert.match(await wire.next(), /^40\/custom,/, "nothing of the storm came between");
        wire.socket.terminate();
      }
    }
  });

  test("an event that was sent before the disconnection takes effect", oursOnly("forgets events that it has not handled when the client leaves"), async (t) => {
    const watcher = await connect(t, server);
    for (const farewell of ['42["disconnect-me",true]', '42["disconnect-me",false]', "41", "1"]) {
      const wire = await Wire.session(t, server);
      await wire.join();
      watcher.log.length = 0;
      wire.send(...Array.from({ length: 50 }, (_, i) => `42["broadcast","last words",${i}]`), farewell);
      await until(() => received(watcher, "last words").length === 50);
      same(received(watcher, "last words"), Array.from({ length: 50 }, (_, i) => [i]));
      wire.socket.terminate();
    }
  });

  test("events behind a disconnection have no effect", async (t) => {
    const watcher = await connect(t, server);
    for (const packets of [['42["disconnect-me",true]', '42["broadcast","ghost"]'], ["1", '42["broadcast","ghost"]']]) {
      const session = await Polling.open(t, server);
      await session.join();
      await session.post(packets.join(RS));
      await server.statsBecome({ sockets: 1 });
      await barrier(watcher);
      assert.deepEqual(received(watcher, "ghost"), []);
    }
  });

  for (const [path, packet, echo] of [[SIO, (i, text) => `42["message",${i},"${text}"]`, (i, text) => `42["message-back",${i},"${text}"]`], [EIO, (i, text) => `4${i}${text}`, (i, text) => `4${i}${text}`]])
    test(`answers of all sizes to somebody who reads late come in order (${path})`, async (t) => {
      const wire = await Wire.session(t, server, { path });
      if (path === SIO) await wire.join();
      wire.socket.pause();
      const text = (i) => "x".repeat([10, 200_000, 1000, 50_000, 0][i % 5]);
      const count = 800; // 40 MB
      for (let i = 0; i < count; i++) wire.send(packet(i, text(i)));
      await sleep(300);
      wire.socket.resume();
      for (let i = 0; i < count; i++) {
        const message = await wire.next();
        if (message !== echo(i, text(i))) assert.fail(`${message.slice(0, 40)} instead of answer ${i}`);
      }
    });

  test("answers of all sizes over polling come in order", async (t) => {
    const session = await Polling.open(t, server);
    await session.join();
    const text = (i) => "x".repeat([10, 200_000, 1000, 50_000, 0][i % 5]);
    const count = 300; // 15 MB
    const posting = (async () => {
      for (let i = 0; i < count; i += 5) await session.send(...[0, 1, 2, 3, 4].map((j) => `42["message",${i + j},"${text(i + j)}"]`));
    })();
    await sleep(200);
    const packets = await session.collect(count);
    await posting;
    for (const [i, packet] of packets.entries()) if (packet !== `42["message-back",${i},"${text(i)}"]`) assert.fail(`${packet.slice(0, 40)} instead of answer ${i}`);
  });

  test("a burst and a flood to somebody who reads late come whole, each in its order", async (t) => {
    const wire = await Wire.session(t, server);
    const { id } = await wire.join();
    wire.socket.pause();
    wire.send('42["burst",20000]', `421["flood","${id}",500,50000]`, '42["message","end"]');
    await sleep(200);
    wire.socket.resume();
    const came = { "burst-item": [], "burst-done": [], flood: [], "message-back": [] };
    for (let acknowledged = false; !(acknowledged && came["burst-done"].length && came["message-back"].length); ) {
      const message = await wire.next();
      if (message === "431[500]") acknowledged = true;
      else {
        const list = came[message.slice(4, message.indexOf('"', 4))] ?? assert.fail(`not expected: ${message.slice(0, 80)}`);
        list.push(JSON.parse(message.slice(2))[1]);
      }
    }
    const numbers = (n) => Array.from({ length: n }, (_, i) => i);
    same(came, { "burst-item": numbers(20_000), "burst-done": [20_000], flood: numbers(500), "message-back": ["end"] });
  });

  overEveryTransport((mode) => {
    test("rooms and broadcasts of one client take effect in order", async (t) => {
      const [a, b] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      await ask(b, "join", "own");
      for (let i = 0; i < 100; i++) {
        a.emit("join", "r");
        a.emit("in-room", "r", "inside", i);
        a.emit("leave", "r");
        a.emit("in-room", "r", "outside", i);
        a.emit("set", "k", i);
        a.emit("to-id", b.id, "told", i);
      }
      assert.equal(await ask(a, "get", "k"), 99);
      await barrier(a, b);
      same(received(a, "inside"), Array.from({ length: 100 }, (_, i) => [i]));
      assert.deepEqual(received(a, "outside"), []);
      same(received(b, "told"), Array.from({ length: 100 }, (_, i) => [i]));
    });

    test("an acknowledgement comes after what it acknowledges", async (t) => {
      const socket = await connect(t, server, { mode });
      for (const [event, ...args] of [["in-room", socket.id], ["emit-all"], ["to-id", socket.id], ["except-room", "none"], ["to-room-except", socket.id, "none"]]) {
        socket.log.length = 0;
        await ask(socket, event, ...args, "news", event);
        assert.deepEqual(socket.log, [["news", event]]);
      }
      const [told] = await Promise.all([arrived(socket, "binary-data"), socket.emit("send-binary", [1])]);
      assert.equal(told.length, 1);
    });
  });

  test("an upgrade in a storm loses nothing and repeats nothing", async (t) => {
    const sender = await connect(t, server);
    for (let round = 0; round < 5; round++) {
      const session = await Polling.open(t, server);
      const { id } = await session.join();
      let sent = 0;
      let busy = true;
      const blowing = (async () => {
        for (; busy; await sleep(1)) for (let i = 0; i < 5; i++) sender.emit("to-id", id, "n", sent++);
      })();
      const packets = [];
      const numbersOf = (texts) => texts.filter((p) => p.startsWith('42["n",')).map((p) => Number(p.slice(7, -1)));
      for (let i = 0; i < 3; i++) packets.push(...(await session.receive()));
      const wire = await upgrade(t, session);
      await sleep(20);
      busy = false;
      await blowing;
      await barrier(sender);
      wire.send('42["message","end"]');
      for (let message; (message = await wire.next()) !== '42["message-back","end"]'; ) packets.push(message);
      same(numbersOf(packets), Array.from({ length: sent }, (_, i) => i));
    }
  });
});
