// Many clients at once: they connect, join a room, receive one broadcast each and leave. By hand, with 2,000 of them:
//
//   SERVER_CMD=../../target/release/examples/contract node scale.mjs 2000
//
// Half of them are WebSockets, half of them poll. All are in one process, so the file limit (`ulimit -n`) is to be twice their number.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "./lib/server.mjs";
import { http1, SIO, Wire } from "./lib/wire.mjs";

const SEPARATOR = "\x1e";
const PATIENCE = 60_000;
const AT_ONCE = 100;

/** One client: `told` resolves with the first event of the broadcast. */
async function onWebSocket(server) {
  const wire = await Wire.session(null, server);
  await wire.join();
  await wire.ask(1, "join", "crowd");
  return { told: wire.next(PATIENCE), leave: () => (wire.socket.close(), wire.closed) };
}

async function byPolling(server) {
  const url = `${SIO}?EIO=4&transport=polling`;
  const open = await http1(server, "GET", url, { ms: PATIENCE });
  const session = `${url}&sid=${JSON.parse(open.text.slice(1)).sid}`;
  const post = async (body) => assert.equal((await http1(server, "POST", session, { body, ms: PATIENCE })).text, "ok");
  const until = async (start) => {
    for (;;) {
      const { status, text } = await http1(server, "GET", session, { ms: PATIENCE });
      assert.equal(status, 200, text);
      for (const packet of text.split(SEPARATOR)) {
        if (packet === "2") await post("3");
        if (packet.startsWith(start)) return packet;
      }
    }
  };
  await post("40");
  await until('42["auth"');
  await post('421["join","crowd"]');
  await until("431[");
  return { told: until('42["news"'), leave: () => post("1") };
}

const inBatches = async (count, make) => {
  const made = [];
  while (made.length < count) made.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - made.length) }, (_, i) => make(made.length + i)))));
  return made;
};

/** Resident bytes of the server, or 0 where there is no /proc. */
async function resident(server) {
  const { pid } = await server.stats();
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** Lets `count` clients come, hear the news and go; returns what it took. */
export async function scale(server, count) {
  const figures = { count, before: await resident(server) };
  let start = performance.now();
  const lap = (name) => ((figures[name] = Math.round(performance.now() - start)), (start = performance.now()));
  const clients = await inBatches(count, (i) => (i % 2 ? byPolling(server) : onWebSocket(server)));
  lap("connected");
  await server.statsBecome({ sockets: count, sessions: count });
  figures.peak = await resident(server);
  const speaker = await Wire.session(null, server);
  await speaker.join();
  start = performance.now();
  await speaker.ask(1, "to-room", "crowd", "news", "for everybody");
  for (const news of await Promise.all(clients.map(({ told }) => told))) assert.equal(news, '42["news","for everybody"]');
  lap("told");
  figures.peak = Math.max(figures.peak, await resident(server));
  start = performance.now();
  await inBatches(count, (i) => clients[i].leave());
  speaker.socket.close();
  await server.empty(PATIENCE);
  lap("left");
  figures.after = await resident(server);
  return figures;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await ServerProcess.start();
  for (const round of [1, 2, 3]) {
    const { count, before, peak, after, connected, told, left } = await scale(server, Number(process.argv[2] ?? 2000));
    const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    console.log(`${round}: ${count} clients connected in ${connected} ms, told in ${told} ms, gone in ${left} ms; ${mib(before)} before, ${mib(peak)} with them, ${mib(after)} after`);
  }
  await server.stop();
}
