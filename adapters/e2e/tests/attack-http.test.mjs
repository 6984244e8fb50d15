// HTTP that is meant to do harm.
import assert from "node:assert/strict";
import { attacker, crowd, LONG, many, request, underAttack, upgradeRequest } from "../lib/attack.mjs";
import { EIO, SIO } from "../lib/wire.mjs";

const HANDSHAKE = `${EIO}?EIO=4&transport=polling`;
const NOBODY = `${HANDSHAKE}&sid=AAAAAAAAAAAAAAAAAAAA`;

/** A polling session on a connection of its own: `{ enemy, path }`. */
async function session(victim, url = HANDSHAKE) {
  const enemy = await attacker(victim);
  const { sid } = JSON.parse((await enemy.request("GET", url)).slice(1));
  return { enemy, path: `${url}&sid=${sid}` };
}

/** The connections go one by one: the server ends them in time, or they vanish. */
async function end(enemies) {
  await crowd(enemies.length, async (n) => {
    if (LONG) await enemies[n].hungUp(60_000);
    else enemies[n].vanish();
  }, enemies.length);
}

underAttack("http", {}, {
  "connections that say nothing, or a few bytes": async (victim) => {
    const beginnings = ["", "G", "GET ", `GET ${HANDSHAKE} HTTP/1.1`, "\r\n", "\r\n\r\n"];
    const enemies = await crowd(many(500), async (n) => {
      const enemy = await attacker(victim);
      await enemy.send(beginnings[n % beginnings.length]);
      return enemy;
    });
    await victim.served();
    await end(enemies);
  },

  "heads that come line by line and never end": async (victim) => {
    const enemies = await crowd(many(200), async (n) => {
      const enemy = await attacker(victim);
      await enemy.send(n % 2 ? `GET ${HANDSHAKE} HTTP/1.1\r\n` : upgradeRequest(`${EIO}?EIO=4&transport=websocket`).slice(0, -2));
      return enemy;
    });
    await victim.whileServed(() => crowd(enemies.length, (n) => enemies[n].send("X: y\r\n")), { ms: 20 });
    await end(enemies);
  },

  "bodies that come byte by byte and never end": async (victim) => {
    const enemies = await crowd(many(200), async (n) => {
      const { enemy, path } = await session(victim, n % 4 < 2 ? HANDSHAKE : HANDSHAKE.replace(EIO, SIO));
      const length = n % 2 ? "Content-Length: 999999" : "Transfer-Encoding: chunked";
      await enemy.send(`POST ${path} HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`);
      return Object.assign(enemy, { piece: n % 2 ? "4" : "1\r\n4\r\n" });
    });
    await victim.whileServed(() => crowd(enemies.length, (n) => enemies[n].send(enemies[n].piece)), { ms: 20 });
    await end(enemies);
  },

  "requests that are too large in every way": async (victim) => {
    const endless = (head, piece) => async (enemy) => {
      if (!(await enemy.send(head))) return;
      for (let sent = 0; sent < 20_000_000 && !enemy.heard && (await enemy.send(piece)); sent += piece.length);
    };
    const long = "x".repeat(100_000);
    const ways = [
      endless(`GET ${HANDSHAKE}&x=`, long), // a URL
      endless(`GET ${HANDSHAKE} HTTP/1.1\r\nX: `, long), // a header
      endless(`GET ${HANDSHAKE} HTTP/1.1\r\n`, "X: y\r\n".repeat(10_000)), // headers
      endless(`${long}`, long), // a method
      endless(`POST ${NOBODY} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n`, long), // a body for nobody
      endless(`POST ${NOBODY} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999999\r\n\r\n`, long), // a length that is no number
    ];
    const waysOfSessions = [
      ["Content-Length: 99999999999999\r\n\r\n", long], // a body
      ["Transfer-Encoding: chunked\r\n\r\n", `186a0\r\n${long}\r\n`], // chunks
      ["Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", long], // a chunk
      ["Transfer-Encoding: chunked\r\n\r\n1;x=", long], // an extension of a chunk
      ["Transfer-Encoding: chunked\r\n\r\n2\r\n4x\r\n0\r\n", "X: y\r\n".repeat(10_000)], // trailers
      ["Transfer-Encoding: chunked\r\n\r\n2\r\n4x\r\n0\r\nX: ", long], // a trailer
    ];
    await crowd(ways.length * many(4), async (n) => {
      const enemy = await attacker(victim);
      await ways[n % ways.length](enemy);
      await enemy.hears(/^HTTP\/1.1 \d+/);
      assert.doesNotMatch(enemy.heard, /^HTTP\/1.1 [123]/);
      enemy.vanish();
    }, 12);
    await crowd(waysOfSessions.length * many(4), async (n) => {
      const [head, piece] = waysOfSessions[n % waysOfSessions.length];
      const { enemy, path } = await session(victim);
      enemy.heard = "";
      await endless(`POST ${path} HTTP/1.1\r\nHost: x\r\n${head}`, piece)(enemy);
      await enemy.hears(/^HTTP\/1.1 \d+/);
      assert.doesNotMatch(enemy.heard, /^HTTP\/1.1 [123]/);
      enemy.vanish();
      await leave(victim, path);
    }, 12);
  },

  "requests behind each other, whose answers nobody reads": async (victim) => {
    const enemies = await crowd(many(10), () => attacker(victim, { read: false }));
    const requests = [request("GET", NOBODY), request("POST", NOBODY, "4x"), request("GET", "/nowhere"), request("OPTIONS", HANDSHAKE)].join("").repeat(500);
    await crowd(enemies.length, async (n) => {
      for (let i = 0; i < 50 && (await enemies[n].send(requests, 300)); i++);
    });
    await victim.served();
    enemies.forEach((enemy) => enemy.vanish());
  },

  "sessions behind each other on one connection": async (victim) => {
    const enemies = await crowd(many(10), () => attacker(victim));
    await crowd(enemies.length, async (n) => {
      const enemy = enemies[n];
      for (let i = 0; i < 50; i++) {
        const { sid } = JSON.parse((await enemy.request("GET", HANDSHAKE)).slice(1));
        const path = `${HANDSHAKE}&sid=${sid}`;
        enemy.heard = "";
        // A farewell amid others: what is behind it finds no session.
        await enemy.send(request("POST", path, "4x") + request("POST", path, "4y\x1e1\x1e4z") + request("POST", path, "4x") + request("GET", path));
        await enemy.hears(/(HTTP\/1.1 200[^]*){2}(HTTP\/1.1 400[^]*){2}/);
      }
      enemy.vanish();
    });
  },

  "requests within requests": async (victim) => {
    const hidden = request("GET", HANDSHAKE); // would begin a session, which would be found
    const socket = (path, more) => upgradeRequest(path, more);
    const ways = [
      (path) => socket(NOBODY, { "Content-Length": hidden.length }) + hidden,
      (path) => socket(path, { "Content-Length": hidden.length, Upgrade: "h2c" }) + hidden,
      (path) => socket(path, { "Content-Length": hidden.length, "Sec-WebSocket-Version": "12" }) + hidden,
      (path) => socket(path, { "Content-Length": hidden.length, "Sec-WebSocket-Key": "short" }) + hidden,
      (path) => socket(path, { Connection: "keep-alive", "Content-Length": hidden.length }) + hidden,
      (path) => socket(path, { "Transfer-Encoding": "chunked", "Sec-WebSocket-Version": "12" }) + `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
      (path) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\n${hidden}`,
      (path) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: identity, chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
      (path) => `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      (path) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length : ${hidden.length}\r\n\r\n${hidden}`,
      (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nX: y\rContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    ];
    await crowd(ways.length * many(5), async (n) => {
      const { enemy, path } = await session(victim);
      enemy.heard = "";
      await enemy.send(ways[n % ways.length](path.replace("polling", n % 2 ? "websocket" : "polling")));
      await enemy.send(request("GET", "/healthz"));
      await enemy.listen(/ok$/);
      assert.doesNotMatch(enemy.heard, /"sid"/, "a request within another was answered");
      enemy.vanish();
      await leave(victim, path);
    });
  },

  "requests for a WebSocket that bring more than frames": async (victim) => {
    const hidden = request("GET", HANDSHAKE);
    await crowd(many(40), async (n) => {
      const enemy = await attacker(victim);
      const more = n % 4 === 0 ? {} : n % 4 === 1 ? { "Content-Length": hidden.length } : { "Transfer-Encoding": "chunked" };
      await enemy.send(upgradeRequest(`${EIO}?EIO=4&transport=websocket`, more) + (n % 4 === 2 ? `${hidden.length.toString(16)}\r\n` : "") + hidden.repeat(3));
      await enemy.hears(/^HTTP\/1.1 \d+[^]*\r\n\r\n/);
      await enemy.send(hidden);
      await enemy.listen(/"sid"[^]*"sid"/);
      assert.ok((enemy.heard.match(/"sid"/g) ?? []).length <= 1, "one session at most");
      enemy.vanish();
    });
  },

  "bodies that mean nothing": async (victim) => {
    const bodies = ["", "\x1e", "4\xff\xfe", "4\xc3\x28", "4\xed\xa0\x80", "b!", "bA", "\x00", "\xff".repeat(1000), "2", "3probe", "9", "4x\x1e\x1e4x", "x".repeat(100_000), "\x1e".repeat(900_000)];
    await crowd(bodies.length * many(10), async (n) => {
      const { enemy, path } = await session(victim, n % 2 ? HANDSHAKE : HANDSHAKE.replace(EIO, SIO));
      await enemy.request("POST", path, bodies[n % bodies.length]);
      if (bodies[n % bodies.length].length < 10) await enemy.request("POST", path, "1");
      enemy.vanish();
    });
  },

  "resets in the middle of polls and posts": async (victim) => {
    const cuts = [
      (path) => request("GET", path), // a poll that waits
      (path) => request("GET", path).slice(0, -2),
      (path) => request("POST", path, "4".repeat(1000)).slice(0, -500),
      (path) => `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n4ab`,
      (path) => request("POST", path, "4".repeat(500_000)), // and nobody reads that it was taken
      (path) => request("POST", path, "4!burst 1000") + request("GET", path),
    ];
    await crowd(cuts.length * many(30), async (n) => {
      const { enemy, path } = await session(victim);
      await enemy.send(cuts[n % cuts.length](path), 100);
      enemy.vanish();
      await leave(victim, path); // if the server has not seen what ends it
    });
  },
});

/** Ends a session, if it has not ended. */
async function leave(victim, path) {
  const enemy = await attacker(victim);
  await enemy.request("POST", path, "1");
  enemy.vanish();
}
