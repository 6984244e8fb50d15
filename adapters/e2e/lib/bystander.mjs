// The clients that nobody attacks, in a thread of their own: what they wait for is the server, not whoever attacks it.
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { io } from "socket.io-client";
import WebSocket from "ws";

const { url, patience } = workerData;
const PAUSE = 5;

const answers = [0, 0, 0];
const slowest = [0, 0, 0];
let stopped = false;

const fail = (what) => stopped || parentPort.postMessage({ failed: what });

/** A Socket.IO client: a function that asks and gets its answer. */
async function socketIo(transport) {
  const socket = io(url, { transports: [transport], reconnection: false, forceNew: true });
  await once(socket, "connect");
  socket.on("disconnect", (reason) => fail(`the ${transport} client was disconnected: ${reason}`));
  return {
    ask: async (n) => (await socket.timeout(patience).emitWithAck("message-with-ack", n)) === n,
    leave: () => socket.disconnect(),
  };
}

/** An Engine.IO client on a WebSocket. */
async function engine() {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/engine.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
  const waiting = new Map();
  socket.on("message", (data, binary) => {
    if (binary) return waiting.get(data.readUInt32BE())?.(true);
    if (data.toString() === "2") socket.send("3");
  });
  await once(socket, "message");
  socket.on("close", (code) => fail(`the plain client was closed with ${code}`));
  return {
    ask: (n) => new Promise((resolve, reject) => {
      const timer = setTimeout(reject, patience, new Error("no echo"));
      waiting.set(n, (same) => (clearTimeout(timer), waiting.delete(n), resolve(same)));
      const message = Buffer.alloc(1000);
      message.writeUInt32BE(n);
      socket.send(message);
    }),
    leave: () => socket.close(),
  };
}

const clients = await Promise.all([socketIo("websocket"), socketIo("polling"), engine()]);
parentPort.on("message", (message) => {
  if (message === "stop") {
    stopped = true;
    for (const client of clients) client.leave();
    setTimeout(() => process.exit(), 50);
  } else {
    parentPort.postMessage({ answers, slowest });
  }
});
for (const [i, { ask }] of clients.entries())
  (async () => {
    for (let n = 0; !stopped; n++) {
      const start = performance.now();
      if (!(await ask(n))) throw new Error("another answer");
      slowest[i] = Math.max(slowest[i], performance.now() - start);
      answers[i]++;
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  })().catch((error) => fail(`a bystander (${["websocket", "polling", "plain"][i]}) got no answer within ${patience} ms: ${error.message}`));
parentPort.postMessage({ ready: true });
