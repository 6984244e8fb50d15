// A client that does not read costs a bounded amount of memory, and nobody else's time.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { ask, connect, received, sleep, until } from "../lib/client.mjs";
import { useServer } from "../lib/server.mjs";
import { Wire } from "../lib/wire.mjs";

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
    wire.send(`42["volatile-flood",${COUNT},${SIZE}]`);
    const { most } = await observe(before, bystander, 700);
    assert.ok(most < 100 * MiB, `grew by ${Math.round(most / MiB)} MiB`);
    wire.socket.resume();
    let floods = 0;
    for (let message; (message = await wire.next()) !== `42["flood-done",${COUNT}]`; floods++) assert.match(message, /^42\["flood",\d+,"v/);
    assert.ok(floods < COUNT, "some were dropped");
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
