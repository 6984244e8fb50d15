// WebSockets that are meant to do harm.
import assert from "node:assert/strict";
import { attacker, crowd, LONG, many, request, underAttack, upgradeRequest } from "../lib/attack.mjs";
import { frame } from "../lib/tcp.mjs";
import { EIO } from "../lib/wire.mjs";

const QUERY = `${EIO}?EIO=4&transport=websocket`;
const MAX = 1_000_000;
const [TEXT, BINARY, CLOSE, PING] = [0x81, 0x82, 0x88, 0x89];
const repeated = (bytes, count) => Buffer.concat(Array.from({ length: count }, () => bytes));

/** A WebSocket whose open packet has come. */
async function websocket(victim, query = QUERY) {
  const enemy = await attacker(victim);
  await enemy.upgrade(query);
  if (!query.includes("sid=")) await enemy.hears(/"sid"/);
  return enemy;
}

/** A session that polls: the path of its requests. */
async function polling(victim) {
  const enemy = await attacker(victim);
  const path = `${EIO}?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await enemy.request("GET", path)).slice(1));
  enemy.vanish();
  return `${path}&sid=${sid}`;
}

async function leave(victim, path) {
  const enemy = await attacker(victim);
  await enemy.request("POST", path, "1");
  enemy.vanish();
}

/** Some send the same for as long as it takes to see that others are served. */
const flood = (count, bytes, first) => async (victim) => {
  const enemies = await crowd(count, () => websocket(victim));
  if (first) await crowd(count, (n) => enemies[n].send(first));
  await Promise.all(enemies.map((enemy) => victim.whileServed(() => enemy.send(bytes), { times: 3 })));
  for (const enemy of enemies) {
    assert.equal(enemy.gone, false, "they have done nothing that is forbidden");
    enemy.vanish();
  }
};

/** The same by those who do not read the answers: the server stops to read, too. */
const deafFlood = (count, bytes) => async (victim) => {
  const enemies = await crowd(count, () => websocket(victim));
  for (const enemy of enemies) enemy.socket.pause();
  await crowd(count, async (n) => {
    for (let sent = 0; sent < 100_000_000; sent += bytes.length) if (!(await enemies[n].send(bytes, 300))) return;
    assert.fail("the server takes everything from somebody who reads nothing");
  });
  await victim.served();
  for (const enemy of enemies) enemy.vanish();
};

underAttack("websockets", {}, {
  "messages that never end, in fragments of nothing": flood(2, repeated(frame(0x00, ""), 20_000), frame(0x01, "4x")),

  "text in a flood": flood(2, repeated(frame(TEXT, "4x"), 10_000)),
  "bytes in a flood": flood(2, repeated(frame(BINARY, "x".repeat(100)), 1000)),
  "large messages in a flood": flood(2, frame(BINARY, Buffer.alloc(MAX))),
  "pings in a flood": flood(2, repeated(frame(PING, "x"), 10_000)),
  "pongs in a flood": flood(2, repeated(frame(0x8a, ""), 10_000)),

  "text in a flood, the answers not read": deafFlood(10, repeated(frame(TEXT, `4${"x".repeat(100)}`), 1000)),
  "bytes in a flood, the answers not read": deafFlood(10, repeated(frame(BINARY, Buffer.alloc(60_000)), 10)),
  "pings in a flood, the answers not read": deafFlood(10, repeated(frame(PING, "x".repeat(125)), 1000)),

  "messages of one byte a frame, with pings between": async (victim) => {
    const bytes = Buffer.from(`4${"x€".repeat(5_000)}`);
    const whole = Buffer.concat([frame(0x01, ""), ...[...bytes].flatMap((byte) => [frame(0x00, [byte]), frame(PING, "")]), frame(0x80, "")]);
    const enemies = await crowd(4, () => websocket(victim));
    await crowd(enemies.length, async (n) => {
      await enemies[n].send(whole);
      await enemies[n].hears(new RegExp(`x\u00e2\u0082\u00ac$`));
      enemies[n].vanish();
    });
  },

  // What is announced is not there yet.
  "large messages that are announced and never come": async (victim) => {
    const enemies = await crowd(many(300), async (n) => {
      const enemy = await websocket(victim);
      const announced = frame(n % 2 ? BINARY : 0x01, [], { length: MAX });
      await enemy.send(n % 3 ? announced : Buffer.concat([announced, Buffer.alloc(1000)]));
      return enemy;
    });
    await victim.served();
    for (const enemy of enemies) enemy.vanish();
  },

  "frames against the rules": async (victim) => {
    const wrong = [
      [frame(TEXT, "4x", { masked: false })],
      [frame(0xc1, "4x")], [frame(0xa1, "4x")], [frame(0x91, "4x")], [frame(0xf2, "4x")], // reserved bits
      ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((kind) => [frame(0x80 | kind, "x")]), // reserved kinds
      [frame(0x09, "p")], [frame(0x08, "")], [frame(PING, "x".repeat(126))],
      [frame(0x80, "4x")], [frame(0x01, "4x"), frame(TEXT, "4y")], [frame(0x02, "x"), frame(0x01, "4y")],
      [frame(TEXT, [0x34, 0xc3, 0x28])], [frame(TEXT, [0x34, 0xed, 0xa0, 0x80])], [frame(TEXT, [0x34, 0xf5, 0x80, 0x80, 0x80])], [frame(0x01, [0x34, 0xe2]), frame(0x80, [0x82])],
      [Buffer.from([BINARY, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0])], [Buffer.from([BINARY, 255, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
      [frame(CLOSE, [3])], // half a code
      ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) => [frame(CLOSE, [code >> 8, code & 255])]),
      [frame(CLOSE, [3, 232, 0xff])], [frame(CLOSE, "x".repeat(126))],
      [Buffer.from(request("GET", "/"))], [Buffer.alloc(100)],
      [frame(TEXT, "9")], [frame(TEXT, "")], [frame(TEXT, "b!")], [frame(TEXT, "2")], [frame(TEXT, "2probe")], [frame(TEXT, "5x".repeat(1000)), frame(TEXT, "1")],
    ];
    await crowd(wrong.length * many(4), async (n) => {
      const enemy = await websocket(victim);
      for (const part of wrong[n % wrong.length]) await enemy.send(part);
      await enemy.send(repeated(frame(TEXT, "4behind"), 100)); // which nobody looks at
      if (n % 2) await enemy.hungUp();
      else enemy.vanish();
      assert.doesNotMatch(enemy.heard, /4behind/);
    });
  },

  "WebSockets that are begun and left": async (victim) => {
    const enemies = await crowd(many(200), async (n) => {
      const enemy = n % 2 ? await websocket(victim) : await attacker(victim);
      await enemy.send(n % 2 ? frame(TEXT, "4hello").subarray(0, n % 12) : upgradeRequest(QUERY)); // some do not wait for the answer
      return enemy;
    });
    await victim.served();
    for (const enemy of enemies) enemy.vanish();
  },

  "resets in the middle of upgrades": async (victim) => {
    const steps = [
      async (enemy, query) => enemy.send(upgradeRequest(query).slice(0, -10)),
      async (enemy, query) => enemy.send(upgradeRequest(query)),
      async (enemy, query) => enemy.upgrade(query),
      async (enemy, query) => (await enemy.upgrade(query), await enemy.send(frame(TEXT, "2pro").subarray(0, 7))),
      async (enemy, query) => (await enemy.upgrade(query), await enemy.send(frame(TEXT, "2probe"))),
      async (enemy, query) => (await enemy.upgrade(query), await enemy.send(frame(TEXT, "2probe")), await enemy.hears(/3probe/)),
      async (enemy, query) => (await enemy.upgrade(query), await enemy.send(frame(TEXT, "2probe")), await enemy.hears(/3probe/), await enemy.send(frame(TEXT, "5").subarray(0, 3))),
      async (enemy, query) => (await enemy.upgrade(query), await enemy.send(Buffer.concat([frame(TEXT, "2probe"), frame(TEXT, "5"), frame(TEXT, "4!burst 100")]))),
    ];
    await crowd(steps.length * many(15), async (n) => {
      const path = await polling(victim);
      const poll = await attacker(victim);
      if (n % 3) await poll.send(request("GET", path));
      const enemy = await attacker(victim);
      await steps[n % steps.length](enemy, path.replace("polling", "websocket"));
      enemy.vanish();
      poll.vanish();
      await leave(victim, path);
    });
  },

  "many WebSockets for one session": async (victim) => {
    const path = await polling(victim);
    const query = path.replace("polling", "websocket");
    const enemies = await crowd(many(200), async (n) => {
      const enemy = await attacker(victim);
      await enemy.send(upgradeRequest(query));
      await enemy.send(n % 2 ? frame(TEXT, "2probe") : frame(0x01, "2pro"));
      return enemy;
    });
    await victim.served();
    await leave(victim, path);
    if (LONG) await crowd(enemies.length, (n) => enemies[n].hungUp(), enemies.length);
    for (const enemy of enemies) enemy.vanish();
  },
});

const SMALL = 100_000;

underAttack("websockets with a small limit", { MAX_HTTP_BUFFER_SIZE: SMALL }, {
  "messages that are too large, whole and in pieces": async (victim) => {
    const half = Buffer.alloc(SMALL / 2 + 1);
    const ways = [[frame(BINARY, Buffer.alloc(SMALL + 1))], [frame(0x02, half), frame(0x80, half)], [frame(0x01, half), frame(PING, ""), frame(0x00, half)], [frame(BINARY, [], { length: 2 ** 40 }), half], [repeated(frame(0x01, "4"), 1), repeated(frame(0x00, "x"), SMALL)]];
    await crowd(ways.length * many(2), async (n) => {
      const enemy = await websocket(victim);
      for (const part of ways[n % ways.length]) await enemy.send(part, 1000);
      await enemy.hungUp();
      assert.match(enemy.heard, /\x88\x02\x03\xf1$/, "closed with 1009");
    }, 5);
  },
});

underAttack("websockets that compress", { PER_MESSAGE_DEFLATE: 1 }, {
  "what is said to be compressed and is not, or is a bomb": async (victim) => {
    const { deflateRawSync, constants } = await import("node:zlib");
    const deflate = (bytes) => deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const bomb = deflate(Buffer.alloc(100_000_000));
    const ways = [
      [frame(0xc1, "no deflate at all")], [frame(0xc2, [])], [frame(0xc1, deflate(Buffer.from([0x34, 0xff, 0xfe])))],
      [frame(0xc2, bomb)], [frame(0x42, bomb.subarray(0, 1000)), frame(0x80, bomb.subarray(1000))], [frame(0x41, deflate("4x")), frame(0xc0, "")],
      [frame(0x42, bomb.subarray(0, 50_000)), ...Array.from({ length: 100 }, () => frame(0x00, ""))],
    ];
    await crowd(ways.length * many(4), async (n) => {
      const enemy = await attacker(victim);
      await enemy.send(upgradeRequest(QUERY, { "Sec-WebSocket-Extensions": "permessage-deflate" }));
      await enemy.hears(/permessage-deflate[^]*"sid"/);
      for (const part of ways[n % ways.length]) await enemy.send(part);
      await enemy.listen(/\x88/);
      enemy.vanish();
    });
  },
});
