// A client that does not read costs a bounded amount of memory, and nobody else's time.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { ask, connect, received, sleep, until } from "../lib/client.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { frame, Tcp } from "../lib/tcp.mjs";
import { EIO, Polling, SIO, Wire } from "../lib/wire.mjs";

const MiB = 1024 * 1024;
const SIZE = 50_000;
const COUNT = 8000; // 400 MB

describe("memory", { skip: process.platform !== "linux" && "reads /proc" }, () => {
  const server = useServer();
  const resident = async () => {
    const { pid } = await server.stats();
    return Number((await readFile(`/proc/${pid}/status`, "utf8")).match(/VmRSS:\s+(\d+) kB/)[1]) * 1024;
  };
  /** The largest growth while `ms` pass, and the longest that a bystander waited for an answer. */
  const observe = async (before, bystander, ms) => {
    let [most, slowest] = [0, 0];
    for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
      const start = Date.now();
      await ask(bystander, "message-with-ack", 1);
      slowest = Math.max(slowest, Date.now() - start);
      most = Math.max(most, (await resident()) - before);
    }
    return { most, slowest };
  };

  test("volatile events to a reader that stalled are dropped", async (t) => {
    const bystander = await connect(t, server);
    const wire = await Wire.session(t, server);
    await wire.join();
    const before = await resident();
    wire.socket.pause();
    wire.send(`42["volatile-flood",${COUNT / 2},${SIZE}]`);
    const { most } = await observe(before, bystander, 700);
    assert.ok(most < 100 * MiB, `grew by ${Math.round(most / MiB)} MiB`);
    wire.socket.resume();
    let floods = 0;
    for (let message; (message = await wire.next()) !== `42["flood-done",${COUNT / 2}]`; floods++) assert.match(message, /^42\["flood",\d+,"v/);
    assert.ok(floods < COUNT / 2, "some were dropped");
    await wire.assertAlive();
  });

  test("plain events to a reader that stalled are held back, or it is closed", async (t) => {
    const [bystander, sender] = [await connect(t, server), await connect(t, server)];
    const wire = await Wire.session(t, server);
    await wire.join();
    await wire.ask(1, "join", "slow");
    const before = await resident();
    wire.socket.pause();
    sender.emit("flood", "slow", COUNT, SIZE);
    const { most, slowest } = await observe(before, bystander, 1500);
    assert.ok(most < 100 * MiB, `grew by ${Math.round(most / MiB)} MiB`);
    assert.ok(slowest < 1000, `a bystander waited ${slowest} ms`);
    wire.socket.terminate();
    await server.statsBecome({ sockets: 2 });
  });

  test("a client that says much and reads no answers is not read either, or it is closed", oursOnly("keeps all answers"), async (t) => {
    const bystander = await connect(t, server);
    for (const [path, event, hello] of [[SIO, ["message", "x".repeat(SIZE)], "40"], [SIO, ["message-with-ack", "x".repeat(SIZE)], "40"], [EIO, null, null]]) {
      const tcp = await Tcp.connect(t, server);
      assert.equal(await tcp.upgrade(`${path}?EIO=4&transport=websocket`), 101);
      if (hello) tcp.write(frame(0x81, hello));
      await tcp.frame();
      tcp.socket.pause();
      const before = await resident();
      const message = frame(0x81, event ? `42${event[0] === "message" ? "" : 1}${JSON.stringify(event)}` : `4${"x".repeat(SIZE)}`);
      const watching = observe(before, bystander, 600);
      let sent = 0;
      const stuck = () => new Promise((resolve) => {
        const timer = setTimeout(resolve, 250, true);
        tcp.socket.once("drain", () => (clearTimeout(timer), resolve(false)));
      });
      while (sent < 4000 && !tcp.ended) if (++sent && !tcp.socket.write(message) && (await stuck())) break;
      const { most, slowest } = await watching;
      assert.ok(most < 100 * MiB, `grew by ${Math.round(most / MiB)} MiB after ${sent} messages`);
      assert.ok(slowest < 1000, `a bystander waited ${slowest} ms`);
      tcp.socket.destroy();
      await server.statsBecome({ sockets: 1, sessions: 1, engineSessions: 0 });
    }
  });

  test("plain events to a polling client that does not poll are held back, or it is closed", async (t) => {
    const bystander = await connect(t, server);
    const session = await Polling.open(t, server);
    const { id } = await session.join();
    const before = await resident();
    await session.send(`42["flood","${id}",${COUNT},${SIZE}]`);
    const { most, slowest } = await observe(before, bystander, 1500);
    assert.ok(most < 100 * MiB, `grew by ${Math.round(most / MiB)} MiB`);
    assert.ok(slowest < 1000, `a bystander waited ${slowest} ms`);
  });

  test("bodies that never end, a hundred of one session and some of many", async (t) => {
    const bystander = await connect(t, server);
    const before = await resident();
    const sessions = await Promise.all(Array.from({ length: 20 }, () => Polling.open(t, server, { path: EIO })));
    const half = async ({ query }) => {
      const tcp = await Tcp.connect(t, server);
      tcp.write(`POST ${query} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n4${"x".repeat(900_000)}`);
      return tcp;
    };
    const tcps = await Promise.all([...Array.from({ length: 100 }, () => half(sessions[0])), ...sessions.slice(1).map(half)]);
    const { most, slowest } = await observe(before, bystander, 500);
    assert.ok(most < 100 * MiB, `grew by ${Math.round(most / MiB)} MiB`);
    assert.ok(slowest < 1000, `a bystander waited ${slowest} ms`);
    for (const tcp of tcps) tcp.socket.destroy();
    await server.statsBecome({ sockets: 1, engineSessions: 0 });
  });

  test("one slow receiver in a room does not hold up the others", async (t) => {
    const [sender, quick] = [await connect(t, server), await connect(t, server)];
    const slow = await Wire.session(t, server);
    await slow.join();
    await slow.ask(1, "join", "mixed");
    await ask(quick, "join", "mixed");
    slow.socket.pause();
    // Enough to fill what lies between the server and the slow one, in portions that the quick one keeps up with.
    for (let i = 1; i <= 40; i++) {
      await ask(sender, "to-room", "mixed", "news", "n".repeat(400_000));
      await until(() => received(quick, "news").length === i);
      quick.log.length = Math.min(quick.log.length, i + 1);
    }
    slow.socket.terminate();
    await server.statsBecome({ sockets: 2 });
  });
});
