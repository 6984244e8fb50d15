// Socket.IO that is meant to do harm: packets, attachments, acknowledgements, rooms.
import assert from "node:assert/strict";
import { attacker, crowd, many, request, underAttack } from "../lib/attack.mjs";
import { frame } from "../lib/tcp.mjs";
import { SIO } from "../lib/wire.mjs";

const QUERY = `${SIO}?EIO=4&transport=websocket`;
const [TEXT, BINARY] = [0x81, 0x82];
const SIZE = 500_000;
const text = (packet) => frame(TEXT, `4${packet}`);
const event = (...args) => text(`2${JSON.stringify(args)}`);

/** A client that has joined `/`, on a WebSocket. */
async function joined(victim) {
  const enemy = await attacker(victim);
  await enemy.upgrade(QUERY);
  await enemy.send(text("0"));
  await enemy.hears(/\["auth"/);
  return enemy;
}

/** The same by polling: the connection and the path of its requests. */
async function polling(victim) {
  const enemy = await attacker(victim);
  const url = `${SIO}?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await enemy.request("GET", url)).slice(1));
  const path = `${url}&sid=${sid}`;
  await enemy.request("POST", path, "40");
  return { enemy, path };
}

const vanish = (enemies) => enemies.forEach((enemy) => enemy.vanish());

underAttack("packets", { PING_INTERVAL: 2000, PING_TIMEOUT: 8000 }, {
  "attachments that never come, or without end": async (victim) => {
    const enemies = await crowd(many(6), async (n) => {
      const enemy = await joined(victim);
      await enemy.send(text(`5${n % 2 ? 10 : 9}-["binary"${',{"_placeholder":true,"num":0}'.repeat(n % 2)}]`));
      // All but the last of those that may wait, with as much as there may be in each.
      for (let i = 0; i < 8; i++) await enemy.send(frame(BINARY, Buffer.alloc(SIZE)), 2000);
      return enemy;
    });
    await victim.served();
    vanish(enemies);
  },

  "packets against the rules": async (victim) => {
    const wrong = [
      "5-[]", "599999999999999999999-[]", '511-["x"]', '51-["x"]', '51-["x",{"_placeholder":true,"num":9}]', '51-["x",{"_placeholder":true,"num":-1}]', `59-["x"${',{"_placeholder":true,"num":0}'.repeat(2000)}]`,
      "2", "2{}", "2[]", "2[1]", '2["connect"]', '2["x"', '2["\\ud800x', "29999999999999999999999[]", `2["x",${"[".repeat(50_000)}`, `2["x",${"[".repeat(40_000)}${"]".repeat(40_000)}]`, '2["x",NaN]', '2["x",1e]', '2["x"]]',
      "0", "0{", '0/nowhere,{"', "0/x".repeat(1000), "1/nowhere,", "2/nowhere,[\"x\"]", "3[1]", "31[1]", "4{}", "6", "7", "x", "", "\u0000", `2["${"x".repeat(300_000)}"]`,
    ];
    await crowd(wrong.length * many(6), async (n) => {
      const enemy = await joined(victim);
      await enemy.send(text(wrong[n % wrong.length]));
      await enemy.send(event("message", "behind"));
      await enemy.listen(/behind|\x88/);
      enemy.vanish();
    });
  },

  "namespaces in a flood": async (victim) => {
    const enemies = await crowd(many(20), async (n) => {
      const enemy = await joined(victim);
      for (let i = 0; i < 150 && !enemy.gone; i++) await enemy.send(Buffer.concat([text(`0/dyn-${n * 1000 + i},{"a":"${"x".repeat(1000)}"}`), text("0/admin,"), text(`0/${"n".repeat(2000)},`)]));
      return enemy;
    });
    await victim.served();
    vanish(enemies);
  },

  "rooms in a flood": async (victim) => {
    const enemies = await crowd(many(5), async (n) => {
      const enemy = await joined(victim);
      const rooms = Array.from({ length: 1000 }, (_, i) => `${n}.${i}.${"r".repeat(100)}`);
      for (let i = 0; i < 5; i++) await enemy.send(event("join", rooms.map((room) => room + i)));
      await enemy.send(text('21["rooms"]'));
      await enemy.hears(/431\[/);
      return enemy;
    });
    await victim.served();
    vanish(enemies);
  },

  "questions that nobody answers, both ways": async (victim) => {
    const enemies = await crowd(many(5), async () => {
      const enemy = await joined(victim);
      for (let i = 0; i < 1000 && !enemy.gone; i++) await enemy.send(Buffer.concat([event("server-ack", "x".repeat(100)), event("timeout-ack", 60_000, "x"), text(`2${i}["never-ack","x"]`)]));
      return enemy;
    });
    await victim.served();
    vanish(enemies);
  },

  "resets in the middle of events and acknowledgements": async (victim) => {
    const parts = [
      event("message", "x".repeat(1000)).subarray(0, 500), event("flood", "everybody", 50, 10_000), event("burst", 5000), text('21["delay-ack",300,1]'), event("server-ack", 1),
      Buffer.concat([event("server-ack", 1), text('30["an answer before the question"]').subarray(0, 9)]), Buffer.concat([text('51-["binary",{"_placeholder":true,"num":0}]'), frame(BINARY, Buffer.alloc(1000)).subarray(0, 99)]),
      event("disconnect-me", true), event("emit-all", "x", "y"), event("broadcast-ack", "everybody", 300, "x"), event("send-binary", [100_000, 100_000, 100_000]), text("0/dyn-1,").subarray(0, 6),
    ];
    await crowd(parts.length * many(15), async (n) => {
      const enemy = await joined(victim);
      await enemy.send(event("join", "everybody"));
      await enemy.send(parts[n % parts.length]);
      if (n % 3 === 0) await enemy.listen(/message|flood|burst|43/, 20);
      enemy.vanish();
    });
  },

  "readers that stop": async (victim) => {
    const enemies = await crowd(many(20), async () => {
      const enemy = await joined(victim);
      await enemy.send(text('21["join","crowd"]'));
      await enemy.hears(/431\[/);
      enemy.socket.pause();
      return enemy;
    });
    const speaker = await joined(victim);
    // Ten megabytes for each of them: more than the server and the system keep together.
    await victim.whileServed(() => speaker.send(event("to-room", "crowd", "news", "n".repeat(100_000))));
    for (let i = 0; i < 100; i++) await speaker.send(event("to-room", "crowd", "news", "n".repeat(100_000)));
    await speaker.send(text('29["rooms"]'));
    await speaker.hears(/439\[/);
    await victim.served();
    vanish([...enemies, speaker]);
  },

  "pollers that only post": async (victim) => {
    const enemies = await crowd(many(4), () => polling(victim));
    const body = Array.from({ length: 200 }, (_, i) => `42["message","${i}${"x".repeat(4000)}"]`).join("\x1e");
    await crowd(enemies.length, async (n) => {
      const { enemy, path } = enemies[n];
      // Whoever does not fetch the answers gets no answer to a post in the end.
      for (let i = 0; i < 60; i++) {
        enemy.heard = "";
        await enemy.send(request("POST", path, body));
        await enemy.listen(/^HTTP/, 1000);
        if (!enemy.heard) return;
      }
      assert.fail("the server takes everything");
    });
    await victim.served();
    vanish(enemies.map(({ enemy }) => enemy));
    await crowd(enemies.length, async (n) => {
      const enemy = await attacker(victim);
      assert.ok(enemies[n].path);
      await enemy.send(request("POST", enemies[n].path, "1"));
      await enemy.hears(/^HTTP/);
      enemy.vanish();
    });
  },
}, { bound: 200, patience: 15_000 });
